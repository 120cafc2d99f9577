{# Strategy of a model that gives all rows of the changed keys: rows of other keys are left alone, or added where missing. #}
{% macro get_incremental_changed_keys_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, model.config.meta.changed_key)) %}
{% endmacro %}
