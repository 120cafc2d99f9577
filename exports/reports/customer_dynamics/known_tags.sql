-- Every tag that a customer bears whom the asker may see.
with branch as (
    select company.company_id
    from marts.dim_company as company
    where %(scope)s::bigint is null or %(scope)s::bigint = any(company.path)
)

select distinct tag
from marts.dim_customer as customer
cross join lateral unnest(customer.tags) as tag
where %(scope)s::bigint is null or customer.company_id in (select company_id from branch)
