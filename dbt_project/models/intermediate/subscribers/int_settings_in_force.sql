{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='setting_id',
    indexes=[{'columns': ['setting_id'], 'unique': true}, {'columns': ['subscriber_id', 'setting']}],
    meta={
        'raw_inputs': [{'source': 'platform', 'table': 'subscriber_settings', 'key': 'id'}],
        'note_months': {'from': 'valid_from', 'to': 'valid_to'},
    },
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
with settings as (
    select
        setting_id,
        subscriber_id,
        setting,
        setting_value,
        file_limit_mb,
        happened_at as valid_from,
        coalesce(
            lead(happened_at) over (partition by subscriber_id, setting order by happened_at, setting_id), 'infinity'
        ) as valid_to
    from {{ ref('stg_platform__subscriber_settings') }}
    -- what cannot be read ends nothing: the setting before it stays in force
    where rejection_reason is null
)

select
    setting_id,
    subscriber_id,
    setting,
    setting_value,
    file_limit_mb,
    valid_from,
    valid_to
from settings
-- a value replaced within the same instant never was
where valid_from < valid_to
