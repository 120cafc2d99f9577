{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['subscriber_id', 'month', 'user_id'],
    indexes=[{'columns': ['subscriber_id', 'month', 'user_id'], 'unique': true}],
    meta={
        'changed_key': ['subscriber_id', 'month'],
        'inputs': ['int_subscriber_months', 'int_user_states', 'int_platform_data_through'],
        'notes': [{'subscriber_id': 'subscriber_id', 'month': 'month'}],
    },
    pre_hook="set local enable_memoize = off",
) }}

with months as (
    {{ months_to_make() }}
)

select
    months.subscriber_id,
    months.month,
    seat.user_id,
    seat.user_type,
    case
        when seat.super_during is not null then 'super_users'
        when seat.user_type = 'staff' then 'staff'
        when seat.manager_during is not null then 'managers'
        when seat.user_type = 'agent' then 'reps'
    end as seat,
    seat.is_locked_out,
    seat.enabled_during is not null as is_enabled,
    coalesce(seat.super_during, seat.manager_during, seat.existing_during) as seat_during,
    coalesce(seat.enabled_during, '{}') as enabled_during
from months
cross join lateral (
    select
        state.user_id,
        state.user_type,
        bool_or(
            state.is_locked {% if not var('lock_counts_for_agents') %}and state.user_type = 'staff'{% endif %}
        ) as is_locked_out,
        range_agg(held.during) as existing_during,
        range_agg(held.during) filter (where state.is_enabled) as enabled_during,
        range_agg(held.during) filter (
            where state.user_type = 'staff' and state.user_role = 'super'
        ) as super_during,
        range_agg(held.during) filter (
            where state.user_type = 'agent' and state.user_role in ('manager', 'manager+rep')
        ) as manager_during
    from {{ ref('int_user_states') }} as state
    cross join lateral (
        select
            tstzrange(
                greatest(state.valid_from, months.month_start_at), least(state.valid_to, months.month_end_at)
            ) as during
    ) as held
    where
        state.subscriber_id = months.subscriber_id
        and state.is_existing
        and state.valid_from < months.counted_until
        and state.valid_to > months.month_start_at
    group by state.user_id, state.user_type
) as seat
where months.is_in_lifetime
