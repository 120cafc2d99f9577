select
    id as company_id,
    parent_id as parent_company_id,
    name,
    time_zone,
    currency,
    created_at,
    updated_at,
    deleted_at
from {{ source('billing', 'companies') }}
where _deleted_at is null
