-- A delivery for each due time of a saved query, whose due times are dealt with up to the last of them.
with noted as (
    insert into app.deliveries (query_id, due_at, formats, chart, state, reason, requested_by)
    select
        %(query_id)s,
        due.due_at,
        %(formats)s,
        %(chart)s,
        due.state,
        due.reason,
        %(requested_by)s
    from unnest(%(due_at)s::timestamptz[], %(state)s::text[], %(reason)s::text[]) as due (due_at, state, reason)
    on conflict (query_id, due_at) do nothing
)

update app.saved_queries
set due_after = %(last_due_at)s
where query_id = %(query_id)s
