-- Filter by package: states of its holders, and when they hold it. Group by package: a customer's states belong to the row of
-- each package held, and to the row without one when it holds none.
select
    case when %(by_package)s then held.package_id end as package_id,
    held.first_end as held_first_end,
    held.last_end as held_last_end,
    customer_states.*
from customer_states
inner join held on customer_states.customer_id = held.customer_id
where
    held.first_end <= customer_states.last_end
    and held.last_end >= customer_states.first_end
