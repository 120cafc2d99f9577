-- The customers that pass the filters, as they are now.
select customer.customer_id
from marts.dim_customer as customer
where
    (%(client_type)s::text is null or customer.customer_type = %(client_type)s)
    and (%(tags)s::text[] is null or customer.tags && %(tags)s::text[])
    and (%(owner_user_id)s::bigint is null or customer.owner_user_id = %(owner_user_id)s)
    and (
        %(branches)s::bigint[] is null
        or customer.company_id in (
            select company.company_id
            from marts.dim_company as company
            where company.path @> %(branches)s::bigint[]
        )
    )
