-- Every subscriber there is or was, those whose row vanished after a month was closed included.
select
    subscriber.subscriber_id,
    subscriber.subscriber_name as name,
    -- one whose zone there is not has no open months; what is told of it is told in UTC
    coalesce(subscriber.time_zone, 'UTC') as time_zone
from marts.dim_subscriber as subscriber

union all

select
    metrics.subscriber_id,
    max(metrics.subscriber_name) as name,
    max(metrics.time_zone) as time_zone
from marts.subscriber_metrics as metrics
where not exists (
    select from marts.dim_subscriber as subscriber where subscriber.subscriber_id = metrics.subscriber_id
)
group by metrics.subscriber_id
