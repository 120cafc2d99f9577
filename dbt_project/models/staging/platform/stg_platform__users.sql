select
    id as user_id,
    subscriber_id,
    type as user_type,
    name as user_name,
    created_at,
    updated_at
from {{ source('platform', 'users') }}
where _deleted_at is null
