{# Strategy of a model that gives all rows there are. #}
{% macro get_incremental_sync_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, [])) %}
{% endmacro %}
