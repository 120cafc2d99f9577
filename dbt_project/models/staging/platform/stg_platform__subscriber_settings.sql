with settings as (
    select
        id as setting_id,
        subscriber_id,
        {{ folded('setting') }} as setting,
        {{ folded('value') }} as setting_value,
        happened_at
    from {{ source('platform', 'subscriber_settings') }}
    where _deleted_at is null
),

judged as (
    select
        *,
        case
            when setting = 'file_limit_mb' and setting_value ~ '^[0-9]{1,18}(\.[0-9]{1,6})?$' then null
            when setting = 'file_limit_mb' then 'file_limit_mb is no number: '
            when setting in ('commission_module', 'process_module') and setting_value in ('on', 'off') then null
            when setting in ('commission_module', 'process_module') then setting || ' is neither on nor off: '
            when setting = 'plan' then null
            else 'unknown setting ' || coalesce(setting, 'null') || ': '
        end as fault
    from settings
)

select
    setting_id,
    subscriber_id,
    setting,
    setting_value,
    case when setting = 'file_limit_mb' and fault is null then trim_scale(setting_value::numeric) end as file_limit_mb,
    fault || coalesce(setting_value, 'null') as rejection_reason,
    happened_at
from judged
