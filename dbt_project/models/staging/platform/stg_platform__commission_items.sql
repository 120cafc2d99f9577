select
    id as commission_item_id,
    run_id as commission_run_id,
    subscriber_id,
    created_at
from {{ source('platform', 'commission_items') }}
where _deleted_at is null
