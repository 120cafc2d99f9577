with changes as (
    select
        id as user_change_id,
        user_id,
        subscriber_id,
        happened_at,
        {{ folded('change') }} as user_change,
        {{ folded('role') }} as user_role
    from {{ source('platform', 'user_changes') }}
    where _deleted_at is null
)

select
    user_change_id,
    user_id,
    subscriber_id,
    happened_at,
    user_change,
    user_role,
    case
        when user_change = 'role' and user_role in ('super', 'regular', 'manager', 'rep', 'manager+rep') then null
        when user_change = 'role' then 'unknown role: ' || coalesce(user_role, 'null')
        when user_change in (
            'created', 'enabled', 'disabled', 'locked', 'unlocked', 'trashed', 'restored', 'purged'
        ) then null
        else 'unknown change: ' || coalesce(user_change, 'null')
    end as rejection_reason
from changes
