-- The query of a number, deleted or not, or its owner's one of a title: nobody else writes it until the transaction ends.
select *
from app.saved_queries
where
    query_id = %(query_id)s
    or (owner = %(owner)s and title = %(title)s and deleted_at is null)
for update
