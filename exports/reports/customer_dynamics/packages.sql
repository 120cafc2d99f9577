-- What each package is told by: its name and, where the requester may see it, the name of the company that sells it.
select
    package.package_id,
    package.name,
    company.name as company_name
from marts.dim_package as package
left join marts.dim_company as company
    on
        package.company_id = company.company_id
        and (%(scope)s::bigint is null or %(scope)s::bigint = any(company.path))
