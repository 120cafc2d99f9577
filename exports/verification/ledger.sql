-- Closed metrics where closed value + restatements is not what a full recomputation gives.
with closed_values as (
    select
        sealed.subscriber_id,
        sealed.month,
        metric.name,
        metric.amount
    from closed.subscriber_metrics_monthly as sealed
    -- after a run that knew less than the closing did, what it recomputed is less too
    inner join intermediate.int_platform_data_through as data_through
        on sealed.data_through_at <= data_through.data_through_at
    cross join lateral (
        values
        ('super_users', sealed.super_users::numeric),
        ('enabled_staff', sealed.enabled_staff),
        ('active_staff', sealed.active_staff),
        ('enabled_managers', sealed.enabled_managers),
        ('active_managers', sealed.active_managers),
        ('enabled_reps', sealed.enabled_reps),
        ('active_reps', sealed.active_reps),
        ('concurrent_max', sealed.concurrent_max),
        ('concurrent_max_at', extract(epoch from sealed.concurrent_max_at)),
        ('logon_minutes', sealed.logon_minutes),
        ('file_limit_mb', sealed.file_limit_mb),
        ('commission_items', sealed.commission_items),
        ('process_fields', sealed.process_fields)
    ) as metric (name, amount)
),

recomputed as (
    select
        known.subscriber_id,
        known.month,
        metric.name,
        metric.amount
    from intermediate.int_subscriber_metrics as known
    cross join lateral (
        values
        ('super_users', known.super_users::numeric),
        ('enabled_staff', known.enabled_staff),
        ('active_staff', known.active_staff),
        ('enabled_managers', known.enabled_managers),
        ('active_managers', known.active_managers),
        ('enabled_reps', known.enabled_reps),
        ('active_reps', known.active_reps),
        ('concurrent_max', known.concurrent_max),
        ('concurrent_max_at', extract(epoch from known.concurrent_max_at)),
        ('logon_minutes', known.logon_minutes),
        ('file_limit_mb', known.file_limit_mb),
        ('commission_items', known.commission_items),
        ('process_fields', known.process_fields)
    ) as metric (name, amount)
),

restated as (
    select
        late.subscriber_id,
        late.month,
        late.metric as name,
        sum(late.difference) as difference
    from closed.restatements as late
    group by late.subscriber_id, late.month, late.metric
)

select
    closed_values.subscriber_id,
    closed_values.month,
    concat(
        closed_values.name, ' was closed as ', coalesce(closed_values.amount::text, 'none'),
        ' and restated by ', coalesce(restated.difference, 0),
        ', a recomputation gives ', coalesce(recomputed.amount::text, 'none')
    ) as fault
from closed_values
left join restated
    on
        closed_values.subscriber_id = restated.subscriber_id
        and closed_values.month = restated.month
        and closed_values.name = restated.name
left join recomputed
    on
        closed_values.subscriber_id = recomputed.subscriber_id
        and closed_values.month = recomputed.month
        and closed_values.name = recomputed.name
where
    coalesce(closed_values.amount, 0) + coalesce(restated.difference, 0) <> coalesce(recomputed.amount, 0)
order by closed_values.subscriber_id, closed_values.month, closed_values.name
