select
    id as commission_run_id,
    subscriber_id,
    month as commission_month,
    closed_at,
    updated_at
from {{ source('platform', 'commission_runs') }}
where _deleted_at is null
