select
    id as transaction_id,
    customer_id,
    {{ folded('kind') }} as kind,
    amount,
    {{ currency_code('currency') }} as currency,
    package_id,
    subscription_id,
    {{ folded('source') }} as source,
    gateway,
    note,
    created_at,
    {{ unless_never('confirmed_at') }} as confirmed_at,
    updated_at,
    {{ unless_never('deleted_at') }} as deleted_at
from {{ source('billing', 'transactions') }}
where _deleted_at is null
