{#
  The largest number of intervals that hold at one instant, and the first instant at which they do.

  `intervals` is a query with the columns started_at and ended_at; intervals are half-open, so what ends at an instant
  is gone before what starts at it is counted. One row (at_once, first_at), or none where there is no interval.
#}
{% macro most_at_once(intervals) -%}
    select
        swept.at_once::integer as at_once,
        swept.at as first_at
    from (
        -- the most is reached as an interval starts: so many have started by then, less those that have ended
        select
            begun.at,
            begun.number - width_bucket(begun.at, bounds.ends) as at_once
        from (
            select
                array_agg(held.started_at order by held.started_at) as starts,
                array_agg(held.ended_at order by held.ended_at) as ends
            from ({{ intervals }}) as held
            where held.started_at < held.ended_at
        ) as bounds
        cross join lateral unnest(bounds.starts) with ordinality as begun (at, number)
    ) as swept
    order by swept.at_once desc, swept.at
    limit 1
{%- endmacro %}
