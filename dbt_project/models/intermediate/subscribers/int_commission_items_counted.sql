{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['run_id', 'created_at'],
    indexes=[{'columns': ['run_id', 'created_at'], 'unique': true}],
    meta={
        'changed_key': 'run_id',
        'change_sources': [['platform', 'commission_items'], ['platform', 'commission_runs', 'id']],
        'month_changes': {'from': 'created_at'},
    },
    post_hook="{{ analyze_when_new() }}",
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
select
    run.commission_run_id as run_id,
    run.subscriber_id,
    item.created_at,
    count(*) as items
from {{ ref('stg_platform__commission_items') }} as item
inner join {{ ref('stg_platform__commission_runs') }} as run on item.commission_run_id = run.commission_run_id
where {{ is_changed('run.commission_run_id') }}
group by run.commission_run_id, run.subscriber_id, item.created_at
