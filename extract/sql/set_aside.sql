insert into {schema}.rejected (load_id, table_name, key, reason, document, rejected_at)
select $1, $2, given.key, given.reason, given.document, $3
from (select distinct key, reason, document from unnest($4::text[], $5::text[], $6::text[]) as r (key, reason, document)) as given
where not exists (
    select
    from {schema}.rejected as known
    where known.table_name = $2
        and known.key is not distinct from given.key
        and known.reason = given.reason
        and known.document = given.document
)
