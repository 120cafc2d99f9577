-- A new link; refused by the database where the result is not there.
insert into app.shares (link_sha256, result_id, shared_by, role, company_id, created_at, expires_at)
values (
    %(link_sha256)s, %(result_id)s, %(shared_by)s, %(role)s, %(company_id)s, %(now)s, %(expires_at)s
)
returning share_id
