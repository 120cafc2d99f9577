select
    id as account_id,
    customer_id,
    login,
    active as is_active,
    {{ unless_never('activated_at') }} as activated_at,
    {{ unless_never('deactivated_at') }} as deactivated_at,
    created_at,
    updated_at,
    {{ unless_never('deleted_at') }} as deleted_at
from {{ source('billing', 'accounts') }}
where _deleted_at is null
