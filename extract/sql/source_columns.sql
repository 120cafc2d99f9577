select
    attribute.attname as name,
    format_type(attribute.atttypid, attribute.atttypmod) as type_name,
    coalesce(base.typname, declared.typname) as base_type,
    declared.typtype = 'e' as is_enum,
    case when declared.typtype = 'd' then declared.typtypmod else attribute.atttypmod end as modifier
from pg_attribute as attribute
inner join pg_type as declared on declared.oid = attribute.atttypid
left join pg_type as base on declared.typtype = 'd' and base.oid = declared.typbasetype
where attribute.attrelid = to_regclass($1) and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum
