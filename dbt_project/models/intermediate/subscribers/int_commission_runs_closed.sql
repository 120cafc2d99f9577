{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='commission_run_id',
    indexes=[{'columns': ['commission_run_id'], 'unique': true}, {'columns': ['subscriber_id', 'closed_at']}],
    meta={'raw_inputs': [{'source': 'platform', 'table': 'commission_runs', 'key': 'id'}], 'note_months': {'from': 'closed_at'}},
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
select
    commission_run_id,
    subscriber_id,
    closed_at
from {{ ref('stg_platform__commission_runs') }}
where closed_at is not null
