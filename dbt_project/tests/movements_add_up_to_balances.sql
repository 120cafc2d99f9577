{{ config(
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_customer_history'}}},
) }}

-- the balance after a customer's last change is the sum of all its movements
select
    customers.customer_id,
    history.balance_amount,
    coalesce(movements.amount, 0) as movement_amount,
    'the balance is not the sum of the movements' as reason
from {{ ref('dim_customer') }} as customers
left join (
    select
        customer_id,
        sum(amount) as amount
    from {{ ref('fct_transactions') }}
    group by customer_id
) as movements on customers.customer_id = movements.customer_id
left join {{ ref('fct_customer_history') }} as history
    on
        customers.customer_id = history.customer_id
        and history.valid_to is null
where history.balance_amount is distinct from coalesce(movements.amount, 0)
order by customers.customer_id
