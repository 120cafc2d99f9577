with settings as (
    select
        id as setting_id,
        subscriber_id,
        setting,
        value as setting_value,
        setting = 'file_limit_mb' as is_file_limit,
        coalesce(value ~ '^\s*\d{1,18}(\.\d{1,6})?\s*$', false) as is_number,
        happened_at
    from {{ source('platform', 'subscriber_settings') }}
    where _deleted_at is null
)

select
    setting_id,
    subscriber_id,
    setting,
    setting_value,
    case when is_file_limit and is_number then trim_scale(setting_value::numeric) end as file_limit_mb,
    case
        when is_file_limit and not is_number then 'file_limit_mb is no number: ' || coalesce(setting_value, 'null')
    end as rejection_reason,
    happened_at
from settings
