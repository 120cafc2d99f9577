create temp table wanted on commit drop as
select {source_keys}, row_number() over () as position
from source_keys
left join {relation} as stored on {same_key}
where stored._load_id is null
    or stored._deleted_at is not null
    or {cursor_moved}
