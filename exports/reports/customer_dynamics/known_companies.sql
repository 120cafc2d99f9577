-- Every company: its name, whether its tree has a cycle, and whether the asker's branch holds it.
select
    company.company_id,
    company.name,
    company.is_in_cycle,
    %(scope)s::bigint is null or %(scope)s::bigint = any(company.path) as is_in_scope
from marts.dim_company as company
