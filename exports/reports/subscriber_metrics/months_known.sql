-- The oldest and the newest month with metrics; of one subscriber where `subscriber_id` is given.
select
    min(metrics.month) as first_month,
    max(metrics.month) as last_month
from marts.subscriber_metrics as metrics
where %(subscriber_id)s::bigint is null or metrics.subscriber_id = %(subscriber_id)s::bigint
