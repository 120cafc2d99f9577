select
    subscribers.id as subscriber_id,
    subscribers.name as subscriber_name,
    zones.name as time_zone,
    subscribers.time_zone as source_time_zone,
    subscribers.created_at,
    subscribers.updated_at,
    subscribers.deleted_at
from {{ source('platform', 'subscribers') }} as subscribers
left join {{ iana_time_zones() }} as zones on {{ folded('subscribers.time_zone') }} = zones.spelling
where subscribers._deleted_at is null
