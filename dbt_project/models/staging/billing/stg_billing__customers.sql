with customers as (
    select
        *,
        {{ folded('type') }} as folded_type
    from {{ source('billing', 'customers') }}
    where _deleted_at is null
)

select
    id as customer_id,
    company_id,
    owner_user_id,
    name,
    case when folded_type in ('client', 'reseller', 'calling_card', 'call_shop') then folded_type end as customer_type,
    type as source_customer_type,
    {{ currency_code('currency') }} as currency,
    balance as live_balance_amount,
    created_at,
    updated_at,
    {{ unless_never('deleted_at') }} as deleted_at
from customers
