{#
  The moment this run speaks of: its as_of, or data through of the platform where none was given. A run gives it in the environment:
  where --vars differ from the last ones dbt parses the whole project again, and where the environment does, what read it in parsing.
#}
{% macro run_as_of(data_through) -%}
    {%- set as_of = var('as_of', env_var('SUBDYN_DBT_AS_OF', '') if execute else '') -%}
    {% if as_of %}timestamptz '{{ as_of | replace("'", "''") }}'{% else %}{{ data_through }}{% endif %}
{%- endmacro %}
