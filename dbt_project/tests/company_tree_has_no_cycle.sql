{{ config(
    enabled='billing' in var('sources', ['billing', 'platform', 'middleware']),
    meta={'dagster': {'ref': {'name': 'dim_company'}}},
) }}

with found as (
    select *
    from {{ ref('dim_company') }}
    where is_in_cycle
)

{{ fail_naming('found', 'companies whose ancestors lead back to them', 'company_id') }}
