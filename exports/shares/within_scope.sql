-- The result, if it was generated within the branch of the company.
select result.result_id
from app.report_results as result
where
    result.result_id = %(result_id)s
    and exists (
        select from marts.dim_company as company
        where company.company_id = result.company_id and %(company_id)s::bigint = any(company.path)
    )
