-- Results whose id begins so, at most two that are stored and two that were pruned: more are not told apart.
(
    select
        result_id,
        report,
        generated_at,
        null::timestamptz as pruned_at,
        null::text as pruned_by
    from app.report_results
    where starts_with(result_id, %(beginning)s)
    limit 2
)

union all

(
    select
        result_id,
        report,
        generated_at,
        pruned_at,
        pruned_by
    from app.pruned_results
    where starts_with(result_id, %(beginning)s)
    limit 2
)
