-- sqlfluff:dialect:mysql
select
    column_name,
    data_type,
    column_type,
    numeric_precision,
    numeric_scale,
    is_nullable,
    character_set_name
from information_schema.columns
where table_schema = database() and table_name = %(table_name)s
order by ordinal_position
