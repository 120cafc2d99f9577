-- The company whose branch the asker may see and all below it; every company where nothing limits the asker.
select company.company_id
from marts.dim_company as company
where %(scope)s::bigint is null or %(scope)s::bigint = any(company.path)
