{# PostgreSQL runs a query in parallel only if each function in it says that it may; all of ours only read. #}
{% macro postgres__scalar_function_volatility_sql() %}
    {{ default__scalar_function_volatility_sql() }} parallel safe
{% endmacro %}


{# Functions that raise errors are written in plpgsql and say so in their meta. #}
{% macro postgres__scalar_function_body_sql() %}
    $$
    {{ model.compiled_code }}
    $$ language {{ model.config.get('meta', {}).get('language', 'sql') }}
{% endmacro %}
