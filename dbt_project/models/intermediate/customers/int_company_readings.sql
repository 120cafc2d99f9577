select
    company_id,
    'own' as reading,
    company_id as member_company_id,
    time_zone,
    currency
from {{ ref('dim_company') }}

union all

select
    heads.company_id,
    'branch' as reading,
    members.company_id as member_company_id,
    heads.time_zone,
    heads.currency
from {{ ref('dim_company') }} as members
inner join {{ ref('dim_company') }} as heads on heads.company_id = any(members.path)
