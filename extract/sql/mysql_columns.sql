select column_name, data_type, column_type, numeric_precision, numeric_scale
from information_schema.columns
where table_schema = database() and table_name = %s
order by ordinal_position
