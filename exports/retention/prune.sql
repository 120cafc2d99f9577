select app.prune_report_results(%(stored_before)s, %(pruned_by)s, %(at_most)s::integer)
