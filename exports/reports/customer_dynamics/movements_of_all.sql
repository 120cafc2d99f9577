-- Movements summed by local day, measure, currency and, for fees grouped by package, package.
select
    width_bucket(counting.confirmed_at, %(day_starts)s::timestamptz[]) as day,
    counting.measure,
    counting.currency,
    case when %(by_package)s then counting.package_id end as package_id,
    true as is_of_period,
    true as is_of_total,
    bool_or(counting.measure_amount != 0) as needs_rate,
    sum(counting.measure_count) as counted,
    sum(counting.measure_amount) as amount
from counting
where
    counting.confirmed_at >= %(starts_at)s
    and counting.confirmed_at < %(last_end_at)s
group by 1, 2, 3, 4
