select
    companies.id as company_id,
    companies.parent_id as parent_company_id,
    companies.name,
    zones.name as time_zone,
    companies.time_zone as source_time_zone,
    {{ currency_code('companies.currency') }} as currency,
    companies.created_at,
    companies.updated_at,
    {{ unless_never('companies.deleted_at') }} as deleted_at
from {{ source('billing', 'companies') }} as companies
left join {{ iana_time_zones() }} as zones on {{ folded('companies.time_zone') }} = zones.spelling
where companies._deleted_at is null
