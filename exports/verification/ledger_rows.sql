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
order by late.position
