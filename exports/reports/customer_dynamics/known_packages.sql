-- Every package of the companies that the asker may see, and what else a customer of theirs ever held.
select
    package.package_id as id,
    package.name
from marts.dim_package as package
where
    %(scope)s::bigint is null
    or package.company_id in (select company_id from branch)
    or package.package_id in (
        select span.package_id
        from marts.fct_customer_packages as span
        inner join marts.dim_customer as customer on span.customer_id = customer.customer_id
        where customer.company_id in (select company_id from branch)
    )
