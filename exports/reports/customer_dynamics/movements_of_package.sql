-- Filter by package: refills and use of those who hold it at the period's end (for Total: at the last end),
-- and the fees of the package itself, whoever paid them.
select
    dated.day,
    dated.kind,
    dated.currency,
    null::bigint as package_id,
    dated.is_of_period,
    dated.is_of_total,
    count(*) as movements,
    count(*) filter (where dated.amount > 0) as positive_movements,
    sum(dated.amount) as amount
from (
    select
        day.number as day,
        transactions.kind,
        transactions.currency,
        transactions.amount,
        holders.during @> (%(day_periods)s::int[])[day.number] as is_of_period,
        holders.during @> cardinality(%(ends)s::timestamptz[]) as is_of_total
    from held as holders
    inner join marts.fct_transactions as transactions on holders.customer_id = transactions.customer_id
    cross join lateral (
        select width_bucket(transactions.confirmed_at, %(day_starts)s::timestamptz[]) as number
    ) as day
    where
        holders.package_id = %(package_id)s
        and transactions.confirmed_at >= %(starts_at)s
        and transactions.confirmed_at < %(last_end_at)s
        and (
            transactions.kind = 'payment'
            or (transactions.kind = 'service_charge' and transactions.package_id is null)
        )
) as dated
where dated.is_of_period or dated.is_of_total
group by 1, 2, 3, 4, 5, 6
union all
select
    width_bucket(transactions.confirmed_at, %(day_starts)s::timestamptz[]) as day,
    transactions.kind,
    transactions.currency,
    case when %(by_package)s then transactions.package_id end as package_id,
    true as is_of_period,
    true as is_of_total,
    count(*) as movements,
    count(*) filter (where transactions.amount > 0) as positive_movements,
    sum(transactions.amount) as amount
from marts.fct_transactions as transactions
where
    transactions.package_id = %(package_id)s
    and transactions.kind in ('activation_fee', 'subscription_fee')
    and transactions.confirmed_at >= %(starts_at)s
    and transactions.confirmed_at < %(last_end_at)s
    and (%(filtered)s is false or transactions.customer_id in (select customer_id from passing))
group by 1, 2, 3, 4
