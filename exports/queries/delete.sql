-- A saved query marked as deleted; what was still due of it is missed.
with deleted as (
    update app.saved_queries
    set
        deleted_at = clock_timestamp(),
        version = version + 1,
        changed_at = clock_timestamp(),
        changed_by = %(by)s
    where query_id = %(query_id)s
    returning query_id
)

update app.deliveries
set
    state = 'missed',
    reason = %(reason)s,
    noticed_at = clock_timestamp()
where
    query_id in (select deleted.query_id from deleted)
    and state in ('due', 'withheld')
