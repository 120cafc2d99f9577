{{ config(
    severity='warn',
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'stg_billing__customers'}}},
) }}

select
    customer_id,
    name,
    source_customer_type,
    'none of the known types' as reason
from {{ ref('stg_billing__customers') }}
where customer_type is null
order by customer_id
