-- Evidence packs that went out under a hash which the closed month no longer bears.
select distinct
    (pack.content -> 'parameters' ->> 'subscriber_id')::bigint as subscriber_id,
    (pack.content -> 'asked_interval' ->> 'from')::date as month,
    concat(
        'the evidence pack ', pack.result_id, ' shows hash ', pack.content -> 'parameters' ->> 'row_hash',
        ', the closed row ', coalesce('bears ' || sealed.row_hash, 'is gone')
    ) as fault
from app.report_results as pack
left join closed.subscriber_metrics_monthly as sealed
    on
        sealed.subscriber_id = (pack.content -> 'parameters' ->> 'subscriber_id')::bigint
        and sealed.month = (pack.content -> 'asked_interval' ->> 'from')::date
where
    pack.report = 'seat-evidence'
    and pack.content -> 'parameters' ->> 'row_hash' is not null
    and sealed.row_hash is distinct from pack.content -> 'parameters' ->> 'row_hash'
order by subscriber_id, month, fault
