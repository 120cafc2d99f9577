-- Every company that was extracted and has not vanished from the source, with the company above it.
select
    company.id,
    company.parent_id,
    company.time_zone,
    upper(btrim(company.currency, e' \t\n\r\f\v')) as currency,
    coalesce(held.customers, 0) as customers
from raw_billing.companies as company
left join (
    select
        customer.company_id,
        count(*) as customers
    from raw_billing.customers as customer
    where customer._deleted_at is null
    group by customer.company_id
) as held on company.id = held.company_id
where company._deleted_at is null
order by company.id
