{# The names of a source's extracted tables, as quoted text; those of the source's yml that name an asset. #}
{% macro source_tables(source_name) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for node in graph.sources.values() if node.source_name == source_name and node.config.meta.get('dagster') -%}
            {%- do names.append("'" ~ node.name ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ names | sort | join(', ') if names else "''" }}
{%- endmacro %}
