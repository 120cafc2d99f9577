-- Where each source was found since its first run or its last adoption.
select known.source, known.engine, known.hosts, known.database_name, known.own_identity
from app.source_identities as known
where
    known.number >= (
        select max(last.number)
        from app.source_identities as last
        where last.source = known.source and last.cause <> 'also_at'
    )
order by known.source, known.number
