select attribute.attname as name, format_type(attribute.atttypid, attribute.atttypmod) as raw_type
from pg_attribute as attribute
where attribute.attrelid = to_regclass($1) and attribute.attnum > 0 and not attribute.attisdropped
