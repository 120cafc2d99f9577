-- Metrics of any month, closed or live, that are not the sum of their evidence.
with shown as (
    select
        metrics.subscriber_id,
        metrics.month,
        metric.name,
        metric.amount
    from marts.subscriber_metrics as metrics
    cross join lateral (
        values
        ('super_users', metrics.super_users::numeric),
        ('enabled_staff', metrics.enabled_staff),
        ('active_staff', metrics.active_staff),
        ('enabled_managers', metrics.enabled_managers),
        ('active_managers', metrics.active_managers),
        ('enabled_reps', metrics.enabled_reps),
        ('active_reps', metrics.active_reps),
        ('concurrent_max', metrics.concurrent_max),
        ('logon_minutes', metrics.logon_minutes),
        ('file_limit_mb', metrics.file_limit_mb),
        ('commission_items', metrics.commission_items),
        ('process_fields', metrics.process_fields)
    ) as metric (name, amount)
),

counted as (
    select
        evidence.subscriber_id,
        evidence.month,
        evidence.metric as name,
        case
            when evidence.metric = 'logon_minutes' then floor(sum(evidence.quantity) / 60)
            when evidence.metric in ('file_limit_mb', 'commission_items', 'process_fields')
                then sum(evidence.quantity)
            else count(*)
        end as amount
    from marts.subscriber_metric_evidence as evidence
    group by evidence.subscriber_id, evidence.month, evidence.metric
)

select
    coalesce(shown.subscriber_id, counted.subscriber_id) as subscriber_id,
    coalesce(shown.month, counted.month) as month,
    concat(
        coalesce(shown.name, counted.name), ' is ', coalesce(shown.amount, 0),
        ', its evidence sums to ', coalesce(counted.amount, 0)
    ) as fault
from shown
full join counted
    on
        shown.subscriber_id = counted.subscriber_id
        and shown.month = counted.month
        and shown.name = counted.name
where coalesce(shown.amount, 0) <> coalesce(counted.amount, 0)
order by subscriber_id, month, fault
