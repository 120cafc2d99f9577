-- What late facts would have changed in a closed month, in the order it was noticed. `subscriber_id` and `month`.
select
    restatement.metric,
    restatement.restatement,
    restatement.closed_value,
    restatement.previous_value,
    restatement.value_now,
    restatement.difference,
    restatement.cause,
    restatement.load_id,
    restatement.noticed_at
from closed.restatements as restatement
where restatement.subscriber_id = %(subscriber_id)s and restatement.month = %(month)s
order by restatement.noticed_at, restatement.metric, restatement.restatement
