-- sqlfluff:dialect:mysql
create index subscribers_updated_at on subscribers (updated_at);
create index users_updated_at on users (updated_at);
create index logons_updated_at on logons (updated_at);
create index commission_runs_updated_at on commission_runs (updated_at);
create index process_forms_updated_at on process_forms (updated_at);
create index process_fields_updated_at on process_fields (updated_at);
