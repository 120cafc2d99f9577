-- Where each subscriber's chain of closed months ends: the last month, how many there are, and the last one's hash.
select
    sealed.subscriber_id,
    to_char(max(sealed.month), 'YYYY-MM') as month,
    count(*) as months,
    (array_agg(sealed.row_hash order by sealed.month desc))[1] as row_hash
from closed.subscriber_metrics_monthly as sealed
group by sealed.subscriber_id
order by sealed.subscriber_id
