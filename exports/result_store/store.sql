insert into app.report_results
(result_id, report, as_of, generated_by, role, company_id, duration_seconds, row_count, content)
values
(
    %(result_id)s,
    %(report)s,
    %(as_of)s,
    %(generated_by)s,
    %(role)s,
    %(company_id)s,
    %(duration_seconds)s,
    %(row_count)s,
    %(content)s
)
returning generated_at
