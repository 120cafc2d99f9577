-- Memberships that answer for one period end each, counted and summed by all that matters to the blocks.
-- Few groups, plainly so to the planner: they are formed in parallel.
select
    package_id,
    currency,
    is_positive,
    is_paid,
    first_end,
    first_end as last_end,
    case when is_active then first_end else 0 end as last_active_end,
    customers,
    balance
from (
    select
        package_id,
        currency,
        balance_amount > 0 as is_positive,
        first_paid_use_at is not null as is_paid,
        first_end,
        coalesce(last_paid_use_at >= (%(active_since)s::timestamptz[])[first_end], false) as is_active,
        count(*) as customers,
        sum(balance_amount) as balance
    from memberships
    group by 1, 2, 3, 4, 5, 6
) as counted
