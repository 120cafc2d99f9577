{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['subscriber_id', 'month', 'user_id'],
    indexes=[{'columns': ['subscriber_id', 'month', 'user_id'], 'unique': true}],
    meta={
        'changed_key': ['subscriber_id', 'month'],
        'inputs': ['int_subscriber_months', 'int_logons_split_by_month', 'int_platform_data_through'],
        'notes': [{'subscriber_id': 'subscriber_id', 'month': 'month'}],
    },
    pre_hook="set local enable_memoize = off",
) }}

with months as (
    {{ months_to_make() }}
),

merged as (
    select
        months.subscriber_id,
        months.month,
        online.user_id,
        coalesce(online.logon_ids, '{}') as logon_ids,
        coalesce(online.online_during, '{}') as online_during
    from months
    cross join lateral (
        select
            piece.user_id,
            array_agg(piece.logon_id order by piece.logon_id) filter (where piece.is_logon) as logon_ids,
            -- overlapping sessions count once; one of no length is a logon but was never online
            range_agg(tstzrange(piece.started_at, least(piece.ended_at, months.counted_until))) filter (
                where not piece.is_locked_at_logon
            ) as online_during
        from {{ ref('int_logons_split_by_month') }} as piece
        where
            piece.subscriber_id = months.subscriber_id
            and piece.month = months.month
            and piece.started_at < months.counted_until
        group by piece.user_id
    ) as online
    where months.is_in_lifetime
)

select
    merged.subscriber_id,
    merged.month,
    merged.user_id,
    merged.logon_ids,
    merged.online_during,
    (
        select coalesce((extract(epoch from sum(upper(part.held) - lower(part.held))) * 1000000)::bigint, 0)
        from unnest(merged.online_during) as part (held)
    ) as online_microseconds
from merged
