-- The same as movements_of_all, from the hourly sums; the hours that a local midnight cuts (zones at :30 and :45) are read movement by movement.
-- Fits filters by company and client type alone.
select
    day,
    measure,
    currency,
    package_id,
    true as is_of_period,
    true as is_of_total,
    bool_or(needs_rate) as needs_rate,
    sum(counted) as counted,
    sum(amount) as amount
from (
    select
        width_bucket(hours.hour_start_at, %(day_starts)s::timestamptz[]) as day,
        hours.measure,
        hours.currency,
        case when %(by_package)s then hours.package_id end as package_id,
        bool_or(hours.nonzero_count > 0) as needs_rate,
        sum(hours.measure_count) as counted,
        sum(hours.measure_amount) as amount
    from marts.fct_hourly_movements as hours
    where
        hours.hour_start_at >= %(starts_at)s
        and hours.hour_start_at < %(last_end_at)s
        and hours.hour_start_at != all(%(cut_hours)s::timestamptz[])
        and (%(package_id)s::bigint is null or hours.package_id = %(package_id)s)
        and (%(client_type)s::text is null or hours.customer_type = %(client_type)s)
        and (
            %(branches)s::bigint[] is null
            or hours.company_id in (
                select company.company_id
                from marts.dim_company as company
                where company.path @> %(branches)s::bigint[]
            )
        )
    group by 1, 2, 3, 4
    union all
    select
        width_bucket(in_cut_hour.confirmed_at, %(day_starts)s::timestamptz[]) as day,
        in_cut_hour.measure,
        in_cut_hour.currency,
        case when %(by_package)s then in_cut_hour.package_id end as package_id,
        bool_or(in_cut_hour.measure_amount != 0) as needs_rate,
        sum(in_cut_hour.measure_count) as counted,
        sum(in_cut_hour.measure_amount) as amount
    from unnest(%(cut_hours)s::timestamptz[]) as cut (hour_start_at)
    cross join lateral (
        select *
        from counting
        where
            counting.confirmed_at >= greatest(cut.hour_start_at, %(starts_at)s)
            and counting.confirmed_at < least(cut.hour_start_at + interval '1 hour', %(last_end_at)s)
        offset 0 -- hour by hour through the index, not all hours at once
    ) as in_cut_hour
    group by 1, 2, 3, 4
) as parts
group by 1, 2, 3, 4
