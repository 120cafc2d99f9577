-- Who was counted where and by which facts, a line per metric and user. `subscriber_id` and `month`.
select
    evidence.metric,
    evidence.user_id,
    evidence.user_name,
    evidence.user_type,
    evidence.quantity,
    evidence.unit,
    evidence.fact,
    evidence.during,
    evidence.logon_ids
from marts.subscriber_metric_evidence as evidence
where evidence.subscriber_id = %(subscriber_id)s and evidence.month = %(month)s
order by evidence.metric, lower(evidence.user_name), evidence.user_name, evidence.user_id
