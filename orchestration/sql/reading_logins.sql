-- The logins that read marts and closed and have no further rights in the warehouse; one named subdyn_reader first.
select login.rolname
from pg_roles as login
where
    login.rolcanlogin
    and not login.rolsuper
    and pg_has_role(login.oid, 'bi_reader', 'usage')
    and not pg_has_role(login.oid, 'subdyn_pipeline', 'member')
    and not pg_has_role(login.oid, 'subdyn_owner', 'member')
    and has_database_privilege(login.oid, current_database(), 'connect')
order by login.rolname <> 'subdyn_reader', login.rolname
limit 1
