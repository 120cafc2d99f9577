select
    coalesce(attribute.attname, '') as name,
    stored.description
from pg_description as stored
left join pg_attribute as attribute
    on stored.objoid = attribute.attrelid and stored.objsubid = attribute.attnum and stored.objsubid > 0
where stored.classoid = 'pg_class'::regclass and stored.objoid = to_regclass($1)
