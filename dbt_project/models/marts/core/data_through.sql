{{ config(materialized='view') }}

{#
  A source is complete up to the oldest of the last complete loads of its tables, and not at all while one was never
  loaded. Of billing counts how far it was built: a load that the marts do not show yet promises nothing.
#}
{% for source_name in var('sources') %}
    {{ 'union all' if not loop.first }}
    select
        '{{ source_name }}'::text as source,
        coalesce(
            {% if source_name == 'billing' %}(select data_through_at from {{ ref('int_billing_built_through') }}),{% endif %}
            case when count(watermark.table_name) = count(*) then min(watermark.as_of) end
        ) as data_through_at
    from unnest(array[{{ source_tables(source_name) }}]) as expected (table_name)
    left join {{ source(source_name, 'watermarks') }} as watermark on expected.table_name = watermark.table_name
{% endfor %}
