-- What the series by day and by month hold of a company in one calendar month; a row of the month has no local_date.
-- A series without readings is one of branches.
select
    to_jsonb(daily)::text as shown,
    coalesce(to_jsonb(daily) ->> 'reading', 'branch') as reading,
    daily.local_date,
    daily.active_duration_months,
    daily.as_of_at
from marts.customer_dynamics_daily as daily
where
    daily.company_id = %(company_id)s
    and daily.local_date between %(month)s and (%(month)s + interval '1 month' - interval '1 day')::date

union all

select
    to_jsonb(monthly)::text,
    coalesce(to_jsonb(monthly) ->> 'reading', 'branch'),
    null,
    monthly.active_duration_months,
    monthly.as_of_at
from marts.customer_dynamics_monthly as monthly
where monthly.company_id = %(company_id)s and monthly.month_start_date = %(month)s
