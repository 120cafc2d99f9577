select
    version,
    changed_at,
    changed_by,
    content
from app.saved_query_versions
where query_id = %(query_id)s
order by version desc
