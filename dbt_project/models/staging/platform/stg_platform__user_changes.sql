select
    id as user_change_id,
    user_id,
    subscriber_id,
    happened_at,
    change as user_change,
    role as user_role
from {{ source('platform', 'user_changes') }}
where _deleted_at is null
