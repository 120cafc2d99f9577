-- The first instants of the interval's local days, of some days before it (a balance is converted at the rate of the last
-- date before its instant) and of the day after it; in between none that begins long after data through. With each the
-- first date of its period, and where a period ends the instant N months before on the report's clock.
with days as (
    select near.on_date::date as on_date
    from generate_series(
        %(from_date)s::date - 3,
        least(%(to_date)s::date + 1, (%(data_through)s::timestamptz at time zone 'UTC')::date + 3),
        interval '1 day'
    ) as near (on_date)
    union
    select %(from_date)s::date
    union
    select %(to_date)s::date + 1
),

dated as (
    select
        on_date,
        marts.local_day_start(on_date, %(time_zone)s) as starts_at,
        -- ISO weeks: Monday to Sunday
        date_trunc(%(time_unit)s::text, on_date::timestamp)::date as period_date
    from days
)

select
    on_date,
    starts_at,
    period_date,
    case
        when on_date = %(to_date)s::date + 1 or period_date != lag(period_date) over (order by on_date)
            then marts.months_before(starts_at, %(active_duration_months)s, %(time_zone)s)
    end as active_since
from dated
order by on_date
