select result.result_id
from app.report_results as result
where result.result_id = %(result_id)s and result.company_id = %(company_id)s
