-- name: heads
-- Where each subscriber's chain of closed months ends: the last month, how many there are, and the last one's hash.
select
    sealed.subscriber_id,
    to_char(max(sealed.month), 'YYYY-MM') as month,
    count(*) as months,
    (array_agg(sealed.row_hash order by sealed.month desc))[1] as row_hash
from closed.subscriber_metrics_monthly as sealed
group by sealed.subscriber_id
order by sealed.subscriber_id;

-- name: heads_gone
-- Ends of chains as they were anchored that are not there any more: of the months up to then, how many there are now.
select
    anchored.subscriber_id,
    anchored.month,
    anchored.months,
    anchored.anchored_at,
    count(sealed.month) as months_now,
    coalesce(bool_or(to_char(sealed.month, 'YYYY-MM') = anchored.month and sealed.row_hash = anchored.row_hash), false)
        as is_there
from unnest(
    %(subscriber_ids)s::bigint[], %(closed_months)s::text[], %(month_counts)s::bigint[], %(row_hashes)s::text[],
    %(anchored_ats)s::text[]
) as anchored (subscriber_id, month, months, row_hash, anchored_at)
left join closed.subscriber_metrics_monthly as sealed
    on anchored.subscriber_id = sealed.subscriber_id and to_char(sealed.month, 'YYYY-MM') <= anchored.month
group by anchored.subscriber_id, anchored.month, anchored.months, anchored.anchored_at
having
    count(sealed.month) <> anchored.months
    or not coalesce(
        bool_or(to_char(sealed.month, 'YYYY-MM') = anchored.month and sealed.row_hash = anchored.row_hash), false
    )
order by anchored.subscriber_id, anchored.month;

-- name: restatements_after
-- The places of the ledger's chain after one: who wrote them goes by noticed_at, the as_of of a run.
select
    late.position,
    late.row_hash,
    late.noticed_at,
    late.subscriber_id,
    to_char(late.month, 'YYYY-MM') as month,
    late.metric
from closed.restatements as late
where late.position > %(after)s
order by late.position;
