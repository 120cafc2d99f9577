{{ config(
    severity='warn',
    enabled='billing' in var('sources', ['billing', 'platform', 'middleware']),
    meta={'dagster': {'ref': {'name': 'dim_company'}}},
) }}

select
    company_id,
    name,
    time_zone,
    'the zone is unknown' as reason
from {{ ref('dim_company') }} as company
where not exists (
    select
    from pg_timezone_names as known
    where lower(known.name) = lower(company.time_zone)
)
order by company_id
