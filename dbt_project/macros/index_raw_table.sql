{#
  An index by which the raw rows of a changed key are found; extraction makes none beyond its own needs. Asked for only where it is
  missing: creating one waits for whoever is loading the table, even if it is there already.
#}
{% macro index_raw_table(source_name, table, column, condition='true') %}
    {%- if execute -%}
        {%- set name = table ~ '_' ~ column ~ '_of_changes' -%}
        {%- set relation = source(source_name, table) -%}
        {%- if run_query("select to_regclass('" ~ relation.schema ~ "." ~ name ~ "')").rows[0][0] is none -%}
            create index {{ name }} on {{ relation }} ({{ column }}) where {{ condition }};
            analyze {{ relation }};
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
