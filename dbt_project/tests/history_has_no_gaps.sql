{{ config(
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_customer_history'}}},
) }}

-- each state of a customer ends where its next one begins
select
    customer_id,
    valid_from,
    valid_to
from (
    select
        *,
        lead(valid_from) over (partition by customer_id order by valid_from) as next_valid_from
    from {{ ref('fct_customer_history') }}
) as history
where valid_to is distinct from next_valid_from
