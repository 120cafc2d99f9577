-- The result, if it was generated within the branch of the company.
select result.result_id
from app.report_results as result
inner join marts.dim_company as company on result.company_id = company.company_id
where result.result_id = %(result_id)s and %(company_id)s::bigint = any(company.path)
