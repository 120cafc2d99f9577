-- The transactions that count in a report, with the package of the fees; asked for one package, its fees alone.
select
    customer_id,
    confirmed_at,
    kind,
    currency,
    amount,
    case when kind in ('activation_fee', 'subscription_fee') then package_id end as package_id
from marts.fct_transactions
where
    (
        kind in ('activation_fee', 'subscription_fee')
        and (%(package_id)s::bigint is null or package_id = %(package_id)s)
    )
    or (
        %(package_id)s::bigint is null
        and (kind = 'payment' or (kind = 'service_charge' and package_id is null))
    )
