select *
from app.report_results
where result_id = %(result_id)s
