-- The delivery of a saved query that somebody asked for by hand, made where it is not there yet.
with known as (
    select delivery_id
    from app.deliveries
    where
        query_id = %(query_id)s
        and requested_by = %(requested_by)s
        and due_at is null
),

requested as (
    insert into app.deliveries (query_id, formats, chart, requested_by)
    select
        %(query_id)s,
        %(formats)s,
        %(chart)s,
        %(requested_by)s
    where not exists (select from known)
    returning delivery_id
)

select known.delivery_id
from known

union all

select requested.delivery_id
from requested
