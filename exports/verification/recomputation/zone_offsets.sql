-- Every instant between two at which a zone's distance from UTC changes, and the distance from then on; the first row is
-- the distance at the beginning. Looked for every six hours, then to the minute, then to the second.
with marks as (
    select
        mark.at,
        (mark.at at time zone %(time_zone)s) - (mark.at at time zone 'UTC') as utc_offset
    from generate_series(%(first_at)s::timestamptz, %(last_at)s::timestamptz, interval '6 hours') as mark (at)
),

steps as (
    select
        marks.at,
        marks.utc_offset,
        lag(marks.at) over (order by marks.at) as before_at,
        lag(marks.utc_offset) over (order by marks.at) as utc_offset_before
    from marks
)

select
    coalesce(second.changed_at, steps.at) as changed_at,
    (extract(epoch from steps.utc_offset) * 1000000)::bigint as utc_offset_microseconds
from steps
left join lateral (
    select min(minute.at) as changed_at
    from generate_series(steps.before_at, steps.at, interval '1 minute') as minute (at)
    where (minute.at at time zone %(time_zone)s) - (minute.at at time zone 'UTC') <> steps.utc_offset_before
) as minute on steps.utc_offset <> steps.utc_offset_before
left join lateral (
    select min(second.at) as changed_at
    from generate_series(
        minute.changed_at - interval '1 minute', minute.changed_at, interval '1 second'
    ) as second (at)
    where (second.at at time zone %(time_zone)s) - (second.at at time zone 'UTC') <> steps.utc_offset_before
) as second on minute.changed_at is not null
where steps.before_at is null or steps.utc_offset <> steps.utc_offset_before
order by changed_at
