-- Results stored before an instant, by report and by what holds them.
with holders as (
    select
        held.result_id,
        string_agg(held.held_by, ', ' order by held.held_by) as held_by
    from app.held_results as held
    group by held.result_id
)

select
    result.report,
    holders.held_by,
    count(*) as result_count,
    sum(pg_column_size(result.content))::bigint as byte_count,
    min(result.generated_at) as oldest_at,
    max(result.generated_at) as newest_at
from app.report_results as result
left join holders on result.result_id = holders.result_id
where result.generated_at < %(stored_before)s
group by result.report, holders.held_by
order by result.report, holders.held_by nulls first
