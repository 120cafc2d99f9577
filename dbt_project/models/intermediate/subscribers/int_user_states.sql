{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['user_id', 'valid_from'],
    indexes=[{'columns': ['user_id', 'valid_from'], 'unique': true}, {'columns': ['subscriber_id']}],
    meta={
        'changed_key': ['user_id'],
        'raw_inputs': [
            {'source': 'platform', 'table': 'users', 'key': 'id'},
            {'source': 'platform', 'table': 'user_changes', 'key': 'user_id'},
        ],
        'note_months': {'from': 'valid_from', 'to': 'valid_to'},
    },
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
with users as (
    select
        user_id,
        subscriber_id,
        user_type,
        created_at
    from {{ ref('stg_platform__users') }}
    where rejection_reason is null and {{ is_changed('user_id') }}
),

extracted_changes as (
    select
        user_id,
        user_change_id,
        subscriber_id,
        happened_at,
        user_change,
        user_role
    from {{ ref('stg_platform__user_changes') }}
    where rejection_reason is null and {{ is_changed('user_id') }}
),

-- a user of whose creation no change tells was created when its row was, with the subscriber of its first change
untold_creations as (
    select
        users.user_id,
        0 as user_change_id,
        coalesce(known.first_subscriber_id, users.subscriber_id) as subscriber_id,
        users.created_at as happened_at,
        'created' as user_change,
        null as user_role
    from users
    left join (
        select
            user_id,
            (array_agg(subscriber_id order by happened_at, user_change_id))[1] as first_subscriber_id,
            bool_or(user_change = 'created') as has_creation
        from extracted_changes
        group by user_id
    ) as known on users.user_id = known.user_id
    where known.has_creation is not true
),

changes as (
    select * from extracted_changes
    union all
    select * from untold_creations
),

numbered as (
    select
        users.user_id,
        users.user_type,
        changes.subscriber_id,
        changes.happened_at,
        changes.user_change,
        changes.user_role,
        row_number() over in_order as change_number,
        lead(changes.happened_at) over in_order as next_happened_at,
        -- the creation or purge before this one
        lag(changes.user_change) over (
            partition by users.user_id, changes.user_change in ('created', 'purged')
            order by changes.happened_at, changes.user_change_id
        ) as earlier_change
    from users
    inner join changes on users.user_id = changes.user_id
    window in_order as (partition by users.user_id order by changes.happened_at, changes.user_change_id)
),

-- created while it does not exist, a user begins a new life: nothing of an earlier one remains
lives as (
    select
        *,
        count(*) filter (where user_change = 'created' and earlier_change is distinct from 'created') over (
            partition by user_id order by change_number
        ) as life
    from numbered
),

folded as (
    select
        user_id,
        subscriber_id,
        user_type,
        happened_at as valid_from,
        coalesce(next_happened_at, 'infinity') as valid_to,
        {{ last_known("case user_change when 'created' then 'true' when 'purged' then 'false' end") }} as existing,
        {{ last_known("case user_change when 'enabled' then 'true' when 'disabled' then 'false' end") }} as enabled,
        {{ last_known("case user_change when 'locked' then 'true' when 'unlocked' then 'false' end") }} as locked,
        {{ last_known("case user_change when 'trashed' then 'true' when 'restored' then 'false' end") }} as trashed,
        {{ last_known("case user_change when 'role' then user_role end") }} as user_role
    from lives
    window so_far as (partition by user_id, life order by change_number)
)

select
    user_id,
    subscriber_id,
    user_type,
    valid_from,
    valid_to,
    coalesce(existing::boolean, false) as is_existing,
    coalesce(enabled::boolean, true) as is_enabled,
    coalesce(locked::boolean, false) as is_locked,
    coalesce(trashed::boolean, false) as is_trashed,
    coalesce(user_role, case user_type when 'staff' then 'regular' when 'agent' then 'rep' end) as user_role
from folded
-- a state replaced within the same instant never was
where valid_from < valid_to
