{{ config(
    severity='warn',
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'stg_billing__companies'}}},
) }}

select
    company_id,
    name,
    source_time_zone,
    'no zone of the IANA database' as reason
from {{ ref('stg_billing__companies') }}
where time_zone is null
order by company_id
