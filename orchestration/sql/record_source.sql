-- Appends one row; appends none where another session was faster.
insert into app.source_identities (source, number, cause, engine, hosts, database_name, own_identity)
select
    %(source)s,
    coalesce(max(known.number), 0) + 1,
    %(cause)s,
    %(engine)s,
    %(hosts)s,
    %(database_name)s,
    %(own_identity)s
from app.source_identities as known
where known.source = %(source)s
on conflict (source, number) do nothing
