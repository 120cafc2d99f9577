{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='commission_run_id',
    indexes=[{'columns': ['commission_run_id'], 'unique': true}, {'columns': ['subscriber_id', 'closed_at']}],
    post_hook="{{ analyze_when_new() }}",
) }}

select
    commission_run_id,
    subscriber_id,
    closed_at
from {{ ref('stg_platform__commission_runs') }}
where closed_at is not null
