with moved as (
    insert into {schema}.watermarks (table_name, cursor_value, load_id, as_of)
    select $2, $12, $1, $4
    where $3 <> 'sweep' -- noqa: ST10
    on conflict (table_name) do update
    set cursor_value = excluded.cursor_value, load_id = excluded.load_id, as_of = excluded.as_of
)

insert into {schema}.load_log (
    load_id, table_name, kind, as_of, started_at, finished_at, extracted_count, inserted_count, updated_count,
    unchanged_count, deleted_count, rejected_count, watermark
)
values ($1, $2, $3, $4, $5, clock_timestamp(), $6, $7, $8, $9, $10, $11, $12)
returning finished_at
