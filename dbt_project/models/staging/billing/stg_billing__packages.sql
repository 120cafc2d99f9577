select
    id as package_id,
    company_id,
    name,
    activation_fee as activation_fee_amount,
    subscription_fee as subscription_fee_amount,
    {{ currency_code('currency') }} as currency,
    period_months,
    created_at,
    updated_at,
    {{ unless_never('deleted_at') }} as deleted_at
from {{ source('billing', 'packages') }}
where _deleted_at is null
