-- Subscribers' months with their metrics, and what was sealed with those that are closed; an empty parameter takes all.
-- `month` and `subscriber_id`.
select metrics.*
from marts.subscriber_metrics as metrics
where
    (%(month)s::date is null or metrics.month = %(month)s::date)
    and (%(subscriber_id)s::bigint is null or metrics.subscriber_id = %(subscriber_id)s::bigint)
order by lower(metrics.subscriber_name), metrics.subscriber_name, metrics.subscriber_id, metrics.month desc
