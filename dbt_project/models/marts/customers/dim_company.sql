{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='company_id',
    meta={'raw_inputs': [{'source': 'billing', 'table': 'companies', 'key': 'id'}], 'notes': [{'company_id': 'company_id'}]},
) }}

with recursive companies as (
    select * from {{ ref('stg_billing__companies') }}
),

-- from each company upwards, one step a time; a company already met ends the way, so that a cycle ends too
walks as (
    select
        company_id,
        parent_company_id as next_company_id,
        array[company_id] as path,
        false as is_in_cycle
    from companies

    union all

    select
        walks.company_id,
        parents.parent_company_id as next_company_id,
        parents.company_id || walks.path as path,
        coalesce(parents.parent_company_id = walks.company_id, false) as is_in_cycle
    from walks
    inner join companies as parents on walks.next_company_id = parents.company_id
    where parents.company_id != all(walks.path)
),

complete_walks as (
    select distinct on (company_id)
        company_id,
        path,
        bool_or(is_in_cycle or next_company_id = company_id) over (partition by company_id) as is_in_cycle
    from walks
    order by company_id asc, cardinality(path) desc
)

select
    companies.company_id,
    companies.parent_company_id,
    companies.name,
    companies.time_zone,
    companies.currency,
    companies.created_at,
    companies.deleted_at,
    cardinality(complete_walks.path) - 1 as depth,
    complete_walks.path,
    coalesce(complete_walks.is_in_cycle, false) as is_in_cycle
from companies
inner join complete_walks on companies.company_id = complete_walks.company_id
