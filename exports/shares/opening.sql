insert into app.share_openings (share_id, opened_at, opened_by, opened_through)
values (%(share_id)s, %(now)s, %(opened_by)s, %(opened_through)s)
