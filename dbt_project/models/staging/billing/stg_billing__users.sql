select
    id as user_id,
    company_id,
    login,
    name,
    created_at,
    updated_at,
    deleted_at
from {{ source('billing', 'users') }}
where _deleted_at is null
