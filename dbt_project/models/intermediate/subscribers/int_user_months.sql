with counted as (
    select
        coalesce(seat.subscriber_id, online.subscriber_id) as subscriber_id,
        coalesce(seat.month, online.month) as month,
        coalesce(seat.user_id, online.user_id) as user_id,
        seat.user_type,
        seat.seat,
        coalesce(seat.is_locked_out, false) as is_locked_out,
        coalesce(seat.is_enabled, false) as is_enabled,
        coalesce(seat.seat_during, '{}') as seat_during,
        coalesce(seat.enabled_during, '{}') as enabled_during,
        coalesce(online.logon_ids, '{}') as logon_ids,
        coalesce(online.online_during, '{}') as online_during,
        coalesce(online.online_microseconds, 0) as online_microseconds
    from {{ ref('int_user_months_seats') }} as seat
    full join {{ ref('int_user_months_online') }} as online
        on seat.subscriber_id = online.subscriber_id and seat.month = online.month and seat.user_id = online.user_id
)

select
    counted.subscriber_id,
    counted.month,
    counted.user_id,
    member.user_name,
    coalesce(counted.user_type, member.user_type) as user_type,
    counted.seat,
    counted.is_locked_out,
    counted.is_enabled,
    -- what lies beyond data through has not happened yet
    counted.seat_during * tstzmultirange(tstzrange(null, data_through.data_through_at)) as seat_during,
    counted.enabled_during * tstzmultirange(tstzrange(null, data_through.data_through_at)) as enabled_during,
    counted.logon_ids,
    counted.online_during,
    counted.online_microseconds
from counted
cross join {{ ref('int_platform_data_through') }} as data_through
left join {{ ref('stg_platform__users') }} as member on counted.user_id = member.user_id
