{# PostgreSQL plans no parallel query around a function that does not allow it, as dbt's do not: builds and reports would use one core. #}
{% macro postgres__scalar_function_body_sql() %}
    $$
    {{ model.compiled_code }}
    $$ language {{ model.config.meta.get('language', 'sql') }} parallel safe
{% endmacro %}
