-- Subscribers' months with everything a grid shows; an empty parameter takes all. `month` and `subscriber_id`.
select
    metrics.subscriber_id,
    metrics.subscriber_name,
    metrics.time_zone,
    metrics.month,
    metrics.month_start_at,
    metrics.month_end_at,
    metrics.is_closed,
    metrics.closed_late,
    metrics.super_users,
    metrics.enabled_staff,
    metrics.active_staff,
    metrics.enabled_managers,
    metrics.active_managers,
    metrics.enabled_reps,
    metrics.active_reps,
    metrics.concurrent_max,
    metrics.concurrent_max_at,
    metrics.logon_minutes,
    metrics.file_limit_mb,
    metrics.commission_items,
    metrics.process_fields
from marts.subscriber_metrics as metrics
where
    (%(month)s::date is null or metrics.month = %(month)s::date)
    and (%(subscriber_id)s::bigint is null or metrics.subscriber_id = %(subscriber_id)s::bigint)
order by lower(metrics.subscriber_name), metrics.subscriber_name, metrics.subscriber_id, metrics.month desc
