-- What the requester may know of, of each kind that is asked for: every company of the branch that limits the requester, the owners
-- and packages of these companies and of their customers, the tags that their customers bear; and every currency.
with branch as (
    select
        company_id,
        name,
        is_in_cycle
    from marts.dim_company
    where %(scope)s::bigint is null or %(scope)s::bigint = any(path)
)

select
    'company' as what,
    company_id as id,
    name,
    is_in_cycle
from branch
where %(company_id)s::bigint is not null

union all

select
    'owner' as what,
    owner_user_id as id,
    login as name,
    false as is_in_cycle
from marts.dim_owner
where
    %(owner_user_id)s::bigint is not null
    and (
        %(scope)s::bigint is null
        or company_id in (select branch.company_id from branch)
        or owner_user_id in (
            select customer.owner_user_id
            from marts.dim_customer as customer
            where customer.company_id in (select branch.company_id from branch)
        )
    )

union all

select
    'package' as what,
    package_id as id,
    name,
    false as is_in_cycle
from marts.dim_package
where
    %(package_id)s::bigint is not null
    and (
        %(scope)s::bigint is null
        or company_id in (select branch.company_id from branch)
        or package_id in (
            select span.package_id
            from marts.fct_customer_packages as span
            inner join marts.dim_customer as customer on span.customer_id = customer.customer_id
            where customer.company_id in (select branch.company_id from branch)
        )
    )

union all

select distinct
    'tag' as what,
    null::bigint as id,
    tag as name,
    false as is_in_cycle
from marts.dim_customer as customer
cross join lateral unnest(customer.tags) as tag
where
    %(tags)s::text[] is not null
    and (%(scope)s::bigint is null or customer.company_id in (select branch.company_id from branch))

union all

select
    'currency' as what,
    null::bigint as id,
    currency as name,
    false as is_in_cycle
from (
    select currency from marts.dim_customer
    union
    select currency from marts.dim_company
    union
    select currency from marts.dim_package
    union
    select base_currency as currency from marts.fct_exchange_rates
    union
    select currency from marts.fct_exchange_rates
) as held
