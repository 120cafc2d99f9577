-- What was noticed of closed months between the two results, in the order of the ledger, and how much that was.
select
    restatement.subscriber_id,
    closed_month.subscriber_name,
    restatement.month,
    restatement.metric,
    restatement.closed_value,
    restatement.previous_value,
    restatement.value_now,
    restatement.cause,
    restatement.load_id,
    restatement.noticed_at,
    count(*) over () as restatement_count
from closed.restatements as restatement
inner join closed.subscriber_metrics_monthly as closed_month
    on restatement.subscriber_id = closed_month.subscriber_id and restatement.month = closed_month.month
where
    restatement.month between %(from_date)s and %(to_date)s
    and (%(subscriber_id)s::bigint is null or restatement.subscriber_id = %(subscriber_id)s)
    and restatement.noticed_at > %(known_earlier)s
    and restatement.noticed_at <= %(known_later)s
order by restatement.noticed_at, restatement.subscriber_id, restatement.month, restatement.metric, restatement.restatement
limit %(most)s
