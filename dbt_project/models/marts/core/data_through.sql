{{ config(materialized='view') }}

{#
  A source is complete up to the oldest of the last complete loads of its tables, and not at all while one was never
  loaded. Where the build records how far the marts reach, that counts: a load that the marts do not show yet promises
  nothing.
#}
{% for source_name in var('sources') %}
    {{ 'union all' if not loop.first }}
    select
        '{{ source_name }}'::text as source,
        coalesce(
            (
                select recorded.data_through_at
                from intermediate.recorded_data_through as recorded
                where recorded.source = '{{ source_name }}'
            ),
            case
                when count(watermark.table_name) = count(*) then min(watermark.as_of)
            end
        ) as data_through_at
    from unnest(array[{{ source_tables(source_name) }}]) as expected (table_name)
    left join {{ source(source_name, 'watermarks') }} as watermark on expected.table_name = watermark.table_name
{% endfor %}
