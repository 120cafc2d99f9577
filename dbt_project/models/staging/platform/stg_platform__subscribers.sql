select
    id as subscriber_id,
    name as subscriber_name,
    time_zone,
    created_at,
    updated_at,
    deleted_at
from {{ source('platform', 'subscribers') }}
where _deleted_at is null
