-- Every user of the companies that the asker may see, and who else owns a customer of theirs.
select
    owner.owner_user_id as id,
    owner.login as name
from marts.dim_owner as owner
where
    %(scope)s::bigint is null
    or owner.company_id in (select company_id from branch)
    or owner.owner_user_id in (
        select customer.owner_user_id
        from marts.dim_customer as customer
        where customer.company_id in (select company_id from branch)
    )
