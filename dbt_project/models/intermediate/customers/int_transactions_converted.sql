-- the local date is the last that had begun: where clocks went back over midnight, the one after the date they show
select
    transactions.*,
    transactions.amount * rates.rate as reporting_amount,
    rates.reporting_currency
from {{ ref('fct_transactions') }} as transactions
left join {{ ref('dim_company') }} as companies on transactions.company_id = companies.company_id
left join {{ ref('int_local_days') }} as days
    on
        companies.time_zone = days.time_zone
        -- nothing can be asked of a zone that the database does not know
        and days.local_date = case
            when companies.is_time_zone_known then (transactions.confirmed_at at time zone companies.time_zone)::date
        end
left join {{ ref('int_reporting_rates') }} as rates
    on
        transactions.currency = rates.currency
        and rates.rate_date = case
            when transactions.confirmed_at >= days.ends_at then days.local_date + 1 else days.local_date
        end
