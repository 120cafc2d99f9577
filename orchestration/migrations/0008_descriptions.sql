-- Descriptions that earlier migrations left out.
set local role subdyn_owner;

comment on column app.migrations.number is 'The migration''s number';
comment on column app.migrations.name is 'Its file''s name without suffix';
comment on column app.migrations.sha256 is 'SHA-256 of the file as it was applied, in hexadecimal';
comment on column app.migrations.applied_at is 'When it was applied, by the database''s clock';
comment on column app.migrations.applied_by is 'The login that applied it';

comment on function app.refuse_change_of_a_report_result() is 'Trigger: a stored report result is never changed';
comment on function closed.next_link(text, text, text) is 'State of the aggregate closed.chain after one more row';
comment on function closed.refuse_change() is 'Trigger: what is closed is never changed';
comment on function closed.refuse_false_link() is
    'Trigger: months of a subscriber close in order, and each row links to the one before';
