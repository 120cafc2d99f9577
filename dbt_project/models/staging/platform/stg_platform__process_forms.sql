select
    id as process_form_id,
    subscriber_id,
    created_at,
    trashed_at,
    updated_at
from {{ source('platform', 'process_forms') }}
where _deleted_at is null
