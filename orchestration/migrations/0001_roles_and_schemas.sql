-- The warehouse's roles and the two schemas that dbt must not own.
--
-- subdyn_owner     owns app and closed; nobody logs in as it, and the pipeline is no member of it
-- subdyn_pipeline  everything the pipeline does: makes raw_*, staging, intermediate and marts; in closed it may only
--                  read and append
-- bi_reader        reads marts and closed
--
-- Roles belong to the whole server, schemas to this database: a role may be there already, made for another warehouse.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['subdyn_owner', 'subdyn_pipeline', 'bi_reader'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception
                when duplicate_object or unique_violation then null; -- another warehouse's migration was faster
            end;
        end if;
    end loop;

    -- A superuser is a member of everything already; another administrator must be one to make schemas for the owner.
    if not pg_has_role(current_user, 'subdyn_owner', 'USAGE') then
        execute format('grant subdyn_owner to %I', current_user);
    end if;

    execute format('grant connect, create, temporary on database %I to subdyn_pipeline', current_database());
    execute format('grant connect on database %I to bi_reader', current_database());
    -- A schema can only be given to a role that may create in this database.
    execute format('grant create on database %I to subdyn_owner', current_database());
end
$$;

create schema if not exists app authorization subdyn_owner;
create schema if not exists closed authorization subdyn_owner;

do $$
begin
    execute format('revoke create on database %I from subdyn_owner', current_database());
end
$$;

set local role subdyn_owner;

revoke all on schema app, closed from public;
grant usage on schema app to subdyn_pipeline;
grant usage on schema closed to subdyn_pipeline, bi_reader;

-- What later migrations make in closed is readable and appendable, and nothing else, without each having to say so.
alter default privileges in schema closed grant select, insert on tables to subdyn_pipeline;
alter default privileges in schema closed grant select on tables to bi_reader;

create table app.migrations (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default statement_timestamp(),
    applied_by text not null default session_user
);
comment on table app.migrations is 'One row per numbered migration that this database has had.';
grant select on app.migrations to subdyn_pipeline;

comment on schema app is 'What the report service keeps: stored results and what people set up.';
comment on schema closed is 'What never changes: nobody may update, delete or truncate here.';
