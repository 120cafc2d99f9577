-- A new version of a saved query; where its schedule begins again, due times before now are not made up for.
update app.saved_queries
set
    title = %(title)s,
    owner = %(owner)s,
    visibility = %(visibility)s,
    company_id = %(company_id)s,
    report = %(report)s,
    parameters = %(parameters)s,
    formats = %(formats)s,
    chart = %(chart)s,
    recipients = %(recipients)s,
    cron = %(cron)s,
    time_zone = %(time_zone)s,
    missed = %(missed)s,
    is_paused = %(is_paused)s,
    due_after = case when %(schedule_restarts)s then %(now)s else due_after end,
    version = version + 1,
    changed_at = clock_timestamp(),
    changed_by = %(by)s
where query_id = %(query_id)s
returning *
