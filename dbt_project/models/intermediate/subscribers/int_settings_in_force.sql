{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='setting_id',
    indexes=[{'columns': ['setting_id'], 'unique': true}, {'columns': ['subscriber_id', 'setting']}],
    post_hook="{{ analyze_when_new() }}",
) }}

with settings as (
    select
        setting_id,
        subscriber_id,
        setting,
        setting_value,
        happened_at as valid_from,
        coalesce(
            lead(happened_at) over (partition by subscriber_id, setting order by happened_at, setting_id), 'infinity'
        ) as valid_to
    from {{ ref('stg_platform__subscriber_settings') }}
)

select
    setting_id,
    subscriber_id,
    setting,
    setting_value,
    case
        when setting = 'file_limit_mb' and setting_value ~ '^\s*\d{1,18}(\.\d{1,6})?\s*$'
            then trim_scale(setting_value::numeric)
    end as file_limit_mb,
    valid_from,
    valid_to
from settings
-- a value replaced within the same instant never was
where valid_from < valid_to
