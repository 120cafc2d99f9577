select
    base_currency,
    currency,
    rate_date,
    rate,
    updated_at
from {{ source('billing', 'exchange_rates') }}
where _deleted_at is null
