-- What runs wait for, each an empty table that is locked for the length of a transaction. Only the pipeline may lock them:
-- an advisory lock could be taken, and every run stopped, by any login of the warehouse.
set local role subdyn_owner;

create table app.build_lock ();
comment on table app.build_lock is 'Locked by the run that builds the warehouse: one at a time.';

create table app.closing_lock ();
comment on table app.closing_lock is 'Locked by the transaction that closes months: one at a time.';

revoke all on app.build_lock, app.closing_lock from public;
grant update on app.build_lock, app.closing_lock to subdyn_pipeline;
