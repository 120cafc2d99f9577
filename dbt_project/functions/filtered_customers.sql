select customer.customer_id
from {{ ref('dim_customer').include(database=false) }} as customer
where
    ($1 is null or customer.customer_type = $1)
    and ($2 is null or customer.tags && $2)
    and ($3 is null or customer.owner_user_id = $3)
    and (
        $4 is null
        or customer.company_id in (
            select branch.company_id
            from {{ function('branch_companies').include(database=false) }}($4) as branch (company_id)
        )
    )
