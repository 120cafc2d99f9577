-- The newest stored results, newest first.
select
    result_id,
    report,
    generated_at,
    generated_by,
    row_count as rows,
    content -> 'parameters' as parameters,
    (content -> 'asked_interval' ->> 'from')::date as from_date,
    (content -> 'asked_interval' ->> 'to')::date as to_date
from app.report_results
order by generated_at desc, result_id asc
limit %(most)s
