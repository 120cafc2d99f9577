-- Every subscriber that was extracted or has closed months, with its zone, its life and the months that are closed.
with closed_months as (
    select
        sealed.subscriber_id,
        array_agg(sealed.month order by sealed.month) as months,
        array_agg(sealed.month_start_at order by sealed.month) as starts,
        array_agg(sealed.month_end_at order by sealed.month) as ends
    from closed.subscriber_metrics_monthly as sealed
    group by sealed.subscriber_id
),

extracted as (
    select
        subscriber.id,
        subscriber.time_zone,
        subscriber.created_at,
        subscriber.deleted_at
    from raw_platform.subscribers as subscriber
    where subscriber._deleted_at is null
)

select
    coalesce(extracted.id, closed_months.subscriber_id) as subscriber_id,
    extracted.time_zone,
    extracted.created_at,
    extracted.deleted_at,
    coalesce(closed_months.months, '{}') as closed_months,
    coalesce(closed_months.starts, '{}') as closed_starts,
    coalesce(closed_months.ends, '{}') as closed_ends
from extracted
full join closed_months on extracted.id = closed_months.subscriber_id
order by 1
