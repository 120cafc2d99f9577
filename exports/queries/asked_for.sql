-- The companies and the package that a saved query asks for, as far as they are known.
select
    'company' as what,
    company_id as id,
    name,
    deleted_at
from marts.dim_company
where company_id = any(%(company_ids)s::bigint[])

union all

select
    'package' as what,
    package_id as id,
    name,
    deleted_at
from marts.dim_package
where package_id = %(package_id)s
