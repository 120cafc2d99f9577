{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='commission_item_id',
    indexes=[
        {'columns': ['commission_item_id'], 'unique': true},
        {'columns': ['commission_run_id', 'created_at']},
    ],
    meta={
        'changed_key': ['commission_run_id'],
        'raw_inputs': [
            {'source': 'platform', 'table': 'commission_items', 'key': 'run_id', 'row': 'commission_item_id'},
            {'source': 'platform', 'table': 'commission_runs', 'key': 'id'},
        ],
        'note_months': {'from': 'created_at'},
    },
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
select
    item.commission_item_id,
    run.commission_run_id,
    run.subscriber_id,
    item.created_at
from {{ ref('stg_platform__commission_items') }} as item
inner join {{ ref('stg_platform__commission_runs') }} as run on item.commission_run_id = run.commission_run_id
where {{ is_changed('run.commission_run_id') }}
