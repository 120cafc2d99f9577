{{ config(meta={'dagster': {'ref': {'name': 'data_through'}}}) }}

{% set tables = [] %}
{% for node in (graph.sources.values() if execute else []) %}
    {% if node.source_name in var('sources') and node.config.meta.get('dagster') %}
        {% do tables.append(node) %}
    {% endif %}
{% endfor %}

-- depends_on: {{ ref('data_through') }}
-- only loads insert rows, and they count them: a raw table holds as many as were counted
with counts as (
    {% for table in tables %}
        {{ 'union all' if not loop.first }}
        select
            '{{ table.source_name }}.{{ table.name }}' as table_name,
            (select count(*) from {{ table.schema }}.{{ table.name }}) as stored_count,
            (
                select coalesce(sum(inserted_count), 0)
                from {{ table.schema }}.load_log
                where table_name = '{{ table.name }}'
            ) as logged_count
    {% else %}
        select 'none' as table_name, 0 as stored_count, 0 as logged_count
    {% endfor %}
)

select *
from counts
where stored_count != logged_count
