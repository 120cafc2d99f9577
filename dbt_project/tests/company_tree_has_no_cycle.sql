{{ config(
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'dim_company'}}},
) }}

select
    company_id,
    name,
    parent_company_id,
    'its ancestors lead back to it' as reason
from {{ ref('dim_company') }}
where is_in_cycle
order by company_id
