-- States of all customers, each cut to the ends at which it belongs to the row; who is no member anywhere has
-- no package.
select
    members.package_id,
    customer_states.customer_id,
    greatest(customer_states.first_end, members.first_end) as first_end,
    least(customer_states.last_end, members.last_end) as last_end,
    customer_states.currency,
    customer_states.balance_amount,
    customer_states.first_paid_use_at,
    customer_states.last_paid_use_at
from customer_states
left join members on customer_states.customer_id = members.customer_id
where
    members.customer_id is null
    or (members.first_end <= customer_states.last_end and members.last_end >= customer_states.first_end)
