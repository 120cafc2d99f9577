select c.system_identifier::text || '/' || d.oid::text
from pg_control_system() as c, pg_database as d
where d.datname = current_database()
