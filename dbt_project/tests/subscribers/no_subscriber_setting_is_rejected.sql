{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'stg_platform__subscriber_settings'}}}) }}

-- a setting that cannot be read is set aside, and the one before it stays in force until it is mended in the source
select
    setting_id,
    subscriber_id,
    setting,
    setting_value,
    rejection_reason,
    happened_at
from {{ ref('stg_platform__subscriber_settings') }}
where rejection_reason is not null
