select
    id as transaction_id,
    customer_id,
    kind,
    amount,
    currency,
    package_id,
    subscription_id,
    source,
    gateway,
    note,
    created_at,
    confirmed_at,
    updated_at,
    deleted_at
from {{ source('billing', 'transactions') }}
where _deleted_at is null
