-- Who was counted where and by which facts, a line per metric and user. `subscriber_id` and `month`.
select
    evidence.metric,
    evidence.user_id,
    evidence.user_name,
    evidence.user_type,
    evidence.quantity,
    evidence.unit,
    evidence.fact,
    case
        -- of all the times a user was logged on, the one in which the peak fell
        when evidence.metric = 'concurrent_max'
            then (
                select range_agg(part)
                from unnest(evidence.during) as part
                where part @> metrics.concurrent_max_at
            )
        else evidence.during
    end as during,
    evidence.logon_ids
from marts.subscriber_metric_evidence as evidence
inner join marts.subscriber_metrics as metrics
    on evidence.subscriber_id = metrics.subscriber_id and evidence.month = metrics.month
where evidence.subscriber_id = %(subscriber_id)s and evidence.month = %(month)s
order by evidence.metric, lower(evidence.user_name), evidence.user_name, evidence.user_id
