{{ config(materialized='view') }}

select
    member.user_id,
    coalesce(state.subscriber_id, member.subscriber_id) as subscriber_id,
    member.user_name,
    member.user_type,
    state.user_role,
    coalesce(state.is_existing, false) as is_existing,
    coalesce(state.is_enabled, false) as is_enabled,
    coalesce(state.is_locked, false) as is_locked,
    coalesce(state.is_trashed, false) as is_trashed,
    member.created_at
from {{ ref('stg_platform__users') }} as member
cross join {{ ref('int_platform_data_through') }} as data_through
left join {{ ref('int_user_states') }} as state
    on
        member.user_id = state.user_id
        and state.valid_from < data_through.data_through_at
        and state.valid_to >= data_through.data_through_at
where member.rejection_reason is null
