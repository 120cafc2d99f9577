-- Saved queries by title, then number: the one of a number, or all, of those that somebody may see.
select *
from app.saved_queries
where
    (%(query_id)s::bigint is null or query_id = %(query_id)s)
    and (%(with_deleted)s or deleted_at is null)
    and (
        %(sees_all)s
        or owner = %(name)s
        or visibility = 'all'
        or (visibility = 'company' and company_id = %(company_id)s)
    )
order by title, query_id
