select
    statistics_id,
    company_id,
    statistics_date,
    customer_count,
    account_count,
    active_count,
    inactive_count,
    max_online_count,
    max_online_at,
    payment_count,
    payment_amount,
    payment_currency
from {{ ref('base_middleware__daily_statistics') }}
where unreadable_reason is null
