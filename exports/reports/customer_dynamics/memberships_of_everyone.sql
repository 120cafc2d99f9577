-- No package asked for: every state, wholly.
select
    null::bigint as package_id,
    null::int as held_first_end,
    null::int as held_last_end,
    *
from customer_states
