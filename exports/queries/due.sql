-- Saved queries whose due times are not dealt with up to now; those that another process has locked are left to it.
select
    query_id,
    title,
    cron,
    time_zone,
    missed,
    due_after,
    formats,
    chart
from app.saved_queries
where
    cron is not null
    and not is_paused
    and deleted_at is null
    and due_after < %(now)s
order by due_after, query_id
for update skip locked
