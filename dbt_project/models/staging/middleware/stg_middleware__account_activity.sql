select
    activity_id,
    company_id,
    customer_id,
    account_id,
    event,
    tariff_id,
    happened_at,
    source
from {{ ref('base_middleware__account_activity') }}
where unreadable_reason is null
