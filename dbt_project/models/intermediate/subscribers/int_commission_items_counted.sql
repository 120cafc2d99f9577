{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['run_id', 'created_at'],
    indexes=[{'columns': ['run_id', 'created_at'], 'unique': true}],
    meta={'changed_key': 'run_id', 'change_sources': [['platform', 'commission_items']]},
    post_hook="{{ analyze_when_new() }}",
) }}

select
    commission_run_id as run_id,
    created_at,
    count(*) as items
from {{ ref('stg_platform__commission_items') }}
where {{ is_changed('commission_run_id') }}
group by commission_run_id, created_at
