select
    id as user_id,
    company_id,
    login,
    name,
    created_at,
    updated_at,
    {{ unless_never('deleted_at') }} as deleted_at
from {{ source('billing', 'users') }}
where _deleted_at is null
