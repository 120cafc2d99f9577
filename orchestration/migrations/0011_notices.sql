-- A notice to the owner goes out as other mails do: claimed before it is sent, never twice.
alter table app.outbox add column kind text not null default 'result'
    check (kind in ('result', 'withheld', 'failed', 'missed', 'undelivered'));
alter table app.outbox drop constraint outbox_pkey;
alter table app.outbox add primary key (delivery_id, kind, recipient);

comment on table app.outbox is 'One row per delivery, kind and recipient: the mail and what became of it';
comment on column app.outbox.kind is
    'result (the report), or a notice to its owner: withheld, failed, missed, undelivered (whom it did not reach)';
