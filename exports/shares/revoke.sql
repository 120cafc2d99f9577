update app.shares
set revoked_at = %(now)s, revoked_by = %(revoked_by)s
where share_id = %(share_id)s and revoked_at is null
