insert into app.saved_queries (
    title,
    owner,
    visibility,
    company_id,
    report,
    parameters,
    formats,
    chart,
    recipients,
    cron,
    time_zone,
    missed,
    is_paused,
    due_after,
    changed_by
)
values (
    %(title)s,
    %(owner)s,
    %(visibility)s,
    %(company_id)s,
    %(report)s,
    %(parameters)s,
    %(formats)s,
    %(chart)s,
    %(recipients)s,
    %(cron)s,
    %(time_zone)s,
    %(missed)s,
    %(is_paused)s,
    %(now)s,
    %(by)s
)
returning *
