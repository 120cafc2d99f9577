-- What the marts and the closed months hold of each subscriber and month, with what the ledger adds to a closed one.
with restated as (
    select
        metric_row.subscriber_id,
        metric_row.month,
        jsonb_object_agg(
            metric_row.metric, jsonb_build_array(metric_row.difference::text, metric_row.value_now)
        ) as restatements
    from (
        select
            late.subscriber_id,
            late.month,
            late.metric,
            sum(late.difference) as difference,
            (array_agg(late.value_now order by late.restatement desc))[1] as value_now
        from closed.restatements as late
        group by late.subscriber_id, late.month, late.metric
    ) as metric_row
    group by metric_row.subscriber_id, metric_row.month
)

select
    metrics.subscriber_id,
    metrics.month,
    metrics.is_closed,
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
    metrics.process_fields,
    restated.restatements
from marts.subscriber_metrics as metrics
left join restated on metrics.subscriber_id = restated.subscriber_id and metrics.month = restated.month
order by metrics.subscriber_id, metrics.month
