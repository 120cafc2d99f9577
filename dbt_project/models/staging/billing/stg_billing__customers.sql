select
    id as customer_id,
    company_id,
    owner_user_id,
    name,
    type as customer_type,
    currency,
    balance as live_balance_amount,
    created_at,
    updated_at,
    deleted_at
from {{ source('billing', 'customers') }}
where _deleted_at is null
