select company.company_id
from {{ ref('dim_company').include(database=false) }} as company
where company.path @> $1
