-- Filter by package: refills and use of those who hold it at the period's end (for Total: at the last end), summed by local day,
-- measure and currency.
select
    dated.day,
    dated.measure,
    dated.currency,
    null::bigint as package_id,
    dated.is_of_period,
    dated.is_of_total,
    bool_or(dated.measure_amount != 0) as needs_rate,
    sum(dated.measure_count) as counted,
    sum(dated.measure_amount) as amount
from (
    select
        placed.day,
        placed.measure,
        placed.currency,
        placed.measure_count,
        placed.measure_amount,
        (%(day_periods)s::int[])[placed.day] between placed.first_end and placed.last_end as is_of_period,
        cardinality(%(ends)s::timestamptz[]) between placed.first_end and placed.last_end as is_of_total
    from (
        select
            width_bucket(transactions.confirmed_at, %(day_starts)s::timestamptz[]) as day,
            transactions.measure,
            transactions.currency,
            transactions.measure_count,
            transactions.measure_amount,
            held.first_end,
            held.last_end
        from held
        inner join marts.fct_transactions as transactions on held.customer_id = transactions.customer_id
        where
            transactions.confirmed_at >= %(starts_at)s
            and transactions.confirmed_at < %(last_end_at)s
            and transactions.measure in ('refill', 'pay_as_you_go')
    ) as placed
) as dated
where dated.is_of_period or dated.is_of_total
group by 1, 2, 3, 4, 5, 6
