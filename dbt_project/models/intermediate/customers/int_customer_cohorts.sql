-- what a customer's cohorts and first use are told by, as far as data through knows
with billing as (
    select data_through_at
    from {{ ref('int_billing_data_through') }}
),

last_states as (
    select
        customer_id,
        first_paid_use_at
    from {{ ref('fct_customer_history') }}
    where valid_to is null
)

select
    customers.customer_id,
    customers.company_id,
    customers.created_at,
    customers.deleted_at,
    case when last_states.first_paid_use_at < billing.data_through_at then last_states.first_paid_use_at end
        as first_paid_use_at
from {{ ref('dim_customer') }} as customers
inner join last_states on customers.customer_id = last_states.customer_id
cross join billing
where customers.created_at < billing.data_through_at
