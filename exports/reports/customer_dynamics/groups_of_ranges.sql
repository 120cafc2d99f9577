-- Memberships (a state, the row it belongs to, and when) counted and summed by the period ends they answer for and all
-- else that matters to the blocks.
-- last_active_end: the last end at which the last paid use is still within the N months before it
select
    package_id,
    currency,
    balance_amount > 0 as is_positive,
    first_paid_use_at is not null as is_paid,
    first_member_end as first_end,
    last_member_end as last_end,
    case
        when last_paid_use_at is null then 0
        else least(last_member_end, width_bucket(last_paid_use_at, %(active_since)s::timestamptz[]))
    end as last_active_end,
    count(*) as customers,
    sum(balance_amount) as balance
from (
    select
        memberships.*,
        -- without a package, the state's own
        greatest(first_end, held_first_end) as first_member_end,
        least(last_end, held_last_end) as last_member_end
    from memberships
) as cut
where first_member_end <= last_member_end
group by 1, 2, 3, 4, 5, 6, 7
