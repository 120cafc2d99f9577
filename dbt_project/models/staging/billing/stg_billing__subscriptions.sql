select
    id as subscription_id,
    customer_id,
    account_id,
    package_id,
    activated_at,
    {{ unless_never('stopped_at') }} as stopped_at,
    created_at,
    updated_at
from {{ source('billing', 'subscriptions') }}
where _deleted_at is null
