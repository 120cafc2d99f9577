{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['user_id', 'valid_from'],
    indexes=[{'columns': ['user_id', 'valid_from'], 'unique': true}, {'columns': ['subscriber_id']}],
    meta={
        'changed_key': 'user_id',
        'change_sources': [['platform', 'users', 'id'], ['platform', 'user_changes']],
        'month_changes': {'from': 'valid_from', 'to': 'valid_to'},
    },
    post_hook="{{ analyze_when_new() }}",
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
with users as (
    select
        user_id,
        subscriber_id,
        user_type,
        created_at
    from {{ ref('stg_platform__users') }}
    where {{ is_changed('user_id') }}
),

changes as (
    select
        changed.user_id,
        changed.user_change_id,
        changed.happened_at,
        changed.user_change,
        changed.user_role
    from {{ ref('stg_platform__user_changes') }} as changed
    where {{ is_changed('changed.user_id') }}

    union all

    -- a user of whose creation no change tells was created when its row was
    select
        users.user_id,
        0 as user_change_id,
        users.created_at as happened_at,
        'created' as user_change,
        null as user_role
    from users
    where not exists (
        select
        from {{ ref('stg_platform__user_changes') }} as told
        where told.user_id = users.user_id and told.user_change = 'created'
    )
),

numbered as (
    select
        users.user_id,
        users.subscriber_id,
        users.user_type,
        changes.happened_at,
        changes.user_change,
        changes.user_role,
        row_number() over in_order as change_number,
        lead(changes.happened_at) over in_order as next_happened_at
    from users
    inner join changes on users.user_id = changes.user_id
    window in_order as (partition by users.user_id order by changes.happened_at, changes.user_change_id)
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
    from numbered
    window so_far as (partition by user_id order by change_number)
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
