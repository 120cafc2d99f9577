select
    id as setting_id,
    subscriber_id,
    setting,
    value as setting_value,
    happened_at
from {{ source('platform', 'subscriber_settings') }}
where _deleted_at is null
