-- The local date of an instant: the last one that had begun by then.
select max(near.on_date) as today
from (
    select (%(as_of)s::timestamptz at time zone %(time_zone)s)::date + step as on_date
    from generate_series(-1, 1) as step
) as near
where marts.local_day_start(near.on_date, %(time_zone)s) <= %(as_of)s
