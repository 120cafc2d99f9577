-- every UTC month start after the first thing that happened to a customer, up to data through
with extent as (
    select
        (
            select min(valid_from)
            from {{ ref('fct_customer_history') }}
            where valid_from > '-infinity'
        ) as first_at,
        (select data_through_at from {{ ref('int_billing_data_through') }}) as last_at
)

select month_start at time zone 'UTC' as month_start_at
from extent
cross join lateral generate_series(
    date_trunc('month', extent.first_at at time zone 'UTC') + interval '1 month',
    extent.last_at at time zone 'UTC',
    interval '1 month'
) as month_start
