-- Memberships (a state, the row it belongs to and the period ends it answers for) counted and summed by all of that.
-- last_active_end: the last end at which the last paid use is still within the N months before it
select
    package_id,
    currency,
    balance_amount > 0 as is_positive,
    first_paid_use_at is not null as is_paid,
    first_end,
    last_end,
    case
        when last_paid_use_at is null then 0
        else least(last_end, width_bucket(last_paid_use_at, %(active_since)s::timestamptz[]))
    end as last_active_end,
    count(*) as customers,
    sum(balance_amount) as balance
from memberships
where first_end <= last_end
group by 1, 2, 3, 4, 5, 6, 7
