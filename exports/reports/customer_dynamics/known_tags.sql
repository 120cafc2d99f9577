-- Every tag that a customer bears.
select distinct tag from marts.dim_customer as customer cross join lateral unnest(customer.tags) as tag
