-- Up to when the customer side is known, since when there is any, the local date of `as_of` (the last one that had begun
-- by then), and the instant N months before data through on the report's clock.
select
    billing.data_through_at,
    (select min(created_at) from marts.dim_customer where isfinite(created_at)) as first_data_at,
    marts.months_before(billing.data_through_at, %(active_duration_months)s, %(time_zone)s) as active_since,
    (
        select max(near.on_date)
        from (
            select (%(as_of)s::timestamptz at time zone %(time_zone)s)::date + step as on_date
            from generate_series(-1, 1) as step
        ) as near
        where marts.local_day_start(near.on_date, %(time_zone)s) <= %(as_of)s
    ) as today
from (values ('billing')) as asked (source)
left join marts.data_through as billing on asked.source = billing.source
