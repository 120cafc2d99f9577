select
    id as account_id,
    customer_id,
    login,
    active as is_active,
    activated_at,
    deactivated_at,
    created_at,
    updated_at,
    deleted_at
from {{ source('billing', 'accounts') }}
where _deleted_at is null
