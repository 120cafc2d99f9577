select
    customer_id,
    tag,
    _load_id as load_id
from {{ source('billing', 'customer_tags') }}
where _deleted_at is null
