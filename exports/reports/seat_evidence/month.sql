-- One subscriber's month: the metrics, and what was sealed with them if it is closed. `subscriber_id` and `month`.
select metrics.*
from marts.subscriber_metrics as metrics
where metrics.subscriber_id = %(subscriber_id)s and metrics.month = %(month)s
