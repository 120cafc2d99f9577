-- Filter and group by package: states of the holders of the one asked for, in the row of each package they hold then.
select
    held.package_id,
    greatest(asked.first_end, held.first_end) as held_first_end,
    least(asked.last_end, held.last_end) as held_last_end,
    customer_states.*
from customer_states
inner join held as asked on customer_states.customer_id = asked.customer_id
inner join held on customer_states.customer_id = held.customer_id
where
    asked.package_id = %(package_id)s
    and greatest(customer_states.first_end, asked.first_end, held.first_end)
    <= least(customer_states.last_end, asked.last_end, held.last_end)
