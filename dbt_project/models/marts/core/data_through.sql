{{ config(materialized='view') }}

{#- A source is complete up to the oldest of the last complete loads of its tables, and not at all while one was never loaded. -#}
{%- set sources = var('sources') -%}

{% for source_name in sources %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ source_name }}'::text as source,
        case
            when count(watermark.table_name) = count(*) then min(watermark.as_of)
        end as data_through_at
    from unnest(array[{{ source_tables(source_name) }}]) as expected (table_name)
    left join {{ source(source_name, 'watermarks') }} as watermark on expected.table_name = watermark.table_name
{% endfor %}
