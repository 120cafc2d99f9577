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
        select
            moment.at,
            -- all that happens at one instant is summed together
            sum(moment.difference) over (order by moment.at) as at_once
        from (
            select
                case bound.difference when 1 then held.started_at else held.ended_at end as at,
                bound.difference
            from ({{ intervals }}) as held
            cross join (values (1), (-1)) as bound (difference)
            where held.started_at < held.ended_at
        ) as moment
    ) as swept
    order by swept.at_once desc, swept.at
    limit 1
{%- endmacro %}
