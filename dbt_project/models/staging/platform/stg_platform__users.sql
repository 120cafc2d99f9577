with users as (
    select
        id as user_id,
        subscriber_id,
        {{ folded('type') }} as user_type,
        name as user_name,
        created_at,
        updated_at
    from {{ source('platform', 'users') }}
    where _deleted_at is null
)

select
    user_id,
    subscriber_id,
    user_type,
    user_name,
    created_at,
    updated_at,
    case
        when user_type in ('staff', 'agent', 'customer') then null
        else 'unknown type: ' || coalesce(user_type, 'null')
    end as rejection_reason
from users
