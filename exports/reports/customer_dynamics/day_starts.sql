-- The first instants of the interval's local days, of some days before it (a balance is converted at the rate
-- of the last date before its instant) and of the day after it; in between none that begins long after data
-- through.
select
    day.on_date,
    marts.local_day_start(day.on_date, %(time_zone)s) as starts_at
from (
    select near.on_date::date
    from generate_series(
        %(from_date)s::date - 3,
        least(%(to_date)s::date + 1, (%(data_through)s::timestamptz at time zone 'UTC')::date + 3),
        interval '1 day'
    ) as near (on_date)
    union
    select %(from_date)s::date
    union
    select %(to_date)s::date + 1
) as day
order by day.on_date
