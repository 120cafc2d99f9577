-- The transactions that a report shows, with the package of the fees; asked for one package, its fees alone.
select
    customer_id,
    confirmed_at,
    measure,
    currency,
    measure_count,
    measure_amount,
    case when measure in ('activation', 'renewal') then package_id end as package_id
from marts.fct_transactions
where
    measure != 'other'
    and (
        %(package_id)s::bigint is null
        or (package_id = %(package_id)s and measure in ('activation', 'renewal'))
    )
