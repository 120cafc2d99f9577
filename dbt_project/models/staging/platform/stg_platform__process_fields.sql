select
    id as process_field_id,
    form_id as process_form_id,
    subscriber_id,
    created_at,
    trashed_at,
    updated_at
from {{ source('platform', 'process_fields') }}
where _deleted_at is null
