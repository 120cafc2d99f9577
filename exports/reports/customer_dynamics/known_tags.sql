-- Every tag that a customer bears whom the asker may see.
select distinct tag
from marts.dim_customer as customer
cross join lateral unnest(customer.tags) as tag
where %(scope)s::bigint is null or customer.company_id in (select company_id from branch)
