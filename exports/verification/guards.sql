-- What keeps the closed tables closed and is not as the migrations made it, each with its name: tables, triggers, rules,
-- owners, grants and roles. Bodies of functions are compared apart, with the migrations' own text.
with tables (table_name) as (
    values ('subscriber_metrics_monthly'), ('subscriber_metric_evidence'), ('restatements')
),

-- `events` as in pg_trigger.tgtype: 58 before an update, a delete or a truncation, 4 after an insert; each once a statement
triggers (table_name, trigger_name, function_name, events) as (
    values
    ('subscriber_metrics_monthly', 'refuse_change', 'refuse_change', 58),
    ('subscriber_metrics_monthly', 'refuse_false_link', 'refuse_false_link', 4),
    ('subscriber_metric_evidence', 'refuse_change', 'refuse_change', 58),
    ('restatements', 'refuse_change', 'refuse_change', 58),
    ('restatements', 'refuse_false_restatement', 'refuse_false_restatement', 4)
),

roles (role_name) as (
    values ('subdyn_owner'), ('subdyn_pipeline'), ('bi_reader')
),

relations as (
    select
        relation.oid,
        relation.relname,
        relation.relowner,
        relation.relacl,
        relation.relkind,
        relation.relrowsecurity
    from pg_class as relation
    where relation.relnamespace = to_regnamespace('closed') and relation.relkind in ('r', 'p', 'v', 'm', 'f')
),

held_triggers as (
    select
        relations.relname,
        held.tgname,
        held.tgenabled,
        held.tgtype,
        held.tgqual,
        called.proname,
        called.pronamespace
    from relations
    inner join pg_trigger as held on relations.oid = held.tgrelid and not held.tgisinternal
    inner join pg_proc as called on held.tgfoid = called.oid
),

granted as (
    select
        'closed.' || relations.relname as object_name,
        relations.relowner as owner_id,
        right_of.grantee,
        right_of.privilege_type,
        right_of.is_grantable
    from relations
    cross join lateral aclexplode(coalesce(relations.relacl, acldefault('r', relations.relowner))) as right_of
    union all
    select
        'schema closed',
        schema_row.nspowner,
        right_of.grantee,
        right_of.privilege_type,
        right_of.is_grantable
    from pg_namespace as schema_row
    cross join lateral aclexplode(coalesce(schema_row.nspacl, acldefault('n', schema_row.nspowner))) as right_of
    where schema_row.nspname = 'closed'
    union all
    select
        concat('closed.', relations.relname, ', column ', part.attname),
        relations.relowner,
        right_of.grantee,
        right_of.privilege_type,
        right_of.is_grantable
    from relations
    inner join pg_attribute as part on relations.oid = part.attrelid and part.attacl is not null
    cross join lateral aclexplode(part.attacl) as right_of
),

expected_grants (object_name, role_name, privilege_type) as (
    select
        'closed.' || tables.table_name,
        pair.role_name,
        pair.privilege_type
    from tables
    cross join (
        values ('subdyn_pipeline', 'SELECT'), ('subdyn_pipeline', 'INSERT'), ('bi_reader', 'SELECT')
    ) as pair (role_name, privilege_type)
    union all
    values ('schema closed', 'subdyn_pipeline', 'USAGE'), ('schema closed', 'bi_reader', 'USAGE')
),

faults (object_name, value, fault) as (
    select
        'closed.' || tables.table_name,
        null,
        'the table is gone'
    from tables
    where not exists (select from relations where relations.relname = tables.table_name and relations.relkind = 'r')

    union all
    select
        'closed.' || relations.relname,
        'owner ' || relations.relowner::regrole,
        'belongs to subdyn_owner'
    from relations
    where relations.relowner <> to_regrole('subdyn_owner')::oid

    union all
    select
        'schema closed',
        'owner ' || schema_row.nspowner::regrole,
        'belongs to subdyn_owner'
    from pg_namespace as schema_row
    where schema_row.nspname = 'closed' and schema_row.nspowner <> to_regrole('subdyn_owner')::oid

    union all
    select
        'function closed.' || called.proname,
        'owner ' || called.proowner::regrole,
        'belongs to subdyn_owner'
    from pg_proc as called
    where called.pronamespace = to_regnamespace('closed') and called.proowner <> to_regrole('subdyn_owner')::oid

    union all
    select
        'closed.' || triggers.table_name,
        'trigger ' || triggers.trigger_name,
        case
            when held_triggers.tgname is null then 'was dropped'
            when held_triggers.tgenabled <> 'A' then 'is not always on'
            else 'is another one than the migrations make'
        end
    from triggers
    left join held_triggers
        on triggers.table_name = held_triggers.relname and triggers.trigger_name = held_triggers.tgname
    where
        held_triggers.tgname is null
        or held_triggers.tgenabled <> 'A'
        or held_triggers.tgqual is not null
        or held_triggers.tgtype <> triggers.events
        or held_triggers.proname <> triggers.function_name
        or held_triggers.pronamespace <> to_regnamespace('closed')

    union all
    select
        'closed.' || held_triggers.relname,
        'trigger ' || held_triggers.tgname,
        'is made by no migration'
    from held_triggers
    where not exists (
        select from triggers
        where triggers.table_name = held_triggers.relname and triggers.trigger_name = held_triggers.tgname
    )

    union all
    select
        'closed.' || relations.relname,
        'rule ' || rewritten.rulename,
        'is made by no migration'
    from relations
    inner join pg_rewrite as rewritten on relations.oid = rewritten.ev_class
    where rewritten.rulename <> '_RETURN'

    union all
    select
        'closed.' || relations.relname,
        'row-level security',
        'hides rows, and is made by no migration'
    from relations
    where relations.relrowsecurity

    union all
    select
        granted.object_name,
        concat(
            granted.privilege_type, ' to ',
            case when granted.grantee = 0 then 'public' else granted.grantee::regrole::text end,
            case when granted.is_grantable then ' with grant option' end
        ),
        'is granted by no migration'
    from granted
    where
        granted.grantee <> granted.owner_id
        and (
            granted.is_grantable
            or not exists (
                select from expected_grants
                where
                    expected_grants.object_name = granted.object_name
                    and to_regrole(expected_grants.role_name)::oid = granted.grantee
                    and expected_grants.privilege_type = granted.privilege_type
            )
        )

    union all
    select
        expected_grants.object_name,
        concat(expected_grants.privilege_type, ' to ', expected_grants.role_name),
        'was revoked'
    from expected_grants
    where not exists (
        select from granted
        where
            granted.object_name = expected_grants.object_name
            and granted.grantee = to_regrole(expected_grants.role_name)::oid
            and granted.privilege_type = expected_grants.privilege_type
    )

    union all
    select
        'role ' || roles.role_name,
        concat_ws(
            ', ',
            case when held_role.rolsuper then 'superuser' end,
            case when held_role.rolcreaterole then 'createrole' end,
            case when held_role.rolbypassrls then 'bypassrls' end,
            case when held_role.rolcanlogin and roles.role_name = 'subdyn_owner' then 'login' end
        ),
        'may more than the migrations let it'
    from roles
    inner join pg_roles as held_role on roles.role_name = held_role.rolname
    where
        held_role.rolsuper
        or held_role.rolcreaterole
        or held_role.rolbypassrls
        or (held_role.rolcanlogin and roles.role_name = 'subdyn_owner')

    union all
    select
        'role ' || roles.role_name,
        'member of subdyn_owner',
        'may do whatever the owner of the closed tables may'
    from roles
    where
        roles.role_name <> 'subdyn_owner'
        and to_regrole(roles.role_name) is not null
        and pg_has_role(roles.role_name, 'subdyn_owner', 'MEMBER')
)

select
    faults.object_name,
    faults.value,
    faults.fault
from faults
order by faults.object_name, faults.value, faults.fault
