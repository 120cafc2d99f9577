-- Movements summed by local day, kind, currency and, for fees grouped by package, package.
select
    width_bucket(transactions.confirmed_at, %(day_starts)s::timestamptz[]) as day,
    transactions.kind,
    transactions.currency,
    case
        when %(by_package)s and transactions.kind in ('activation_fee', 'subscription_fee') then transactions.package_id
    end as package_id,
    true as is_of_period,
    true as is_of_total,
    count(*) as movements,
    count(*) filter (where transactions.amount > 0) as positive_movements,
    sum(transactions.amount) as amount
from marts.fct_transactions as transactions
where
    transactions.confirmed_at >= %(starts_at)s
    and transactions.confirmed_at < %(last_end_at)s
    and (
        transactions.kind in ('payment', 'activation_fee', 'subscription_fee')
        or (transactions.kind = 'service_charge' and transactions.package_id is null)
    )
    and (%(filtered)s is false or transactions.customer_id in (select customer_id from passing))
group by 1, 2, 3, 4
