{# Closed tables are made by a migration and owned by a role nobody logs in as; dbt would make unprotected ones. #}
{% macro refuse_to_make_closed_tables() %}
    {% if execute and flags.WHICH in ('run', 'build') and not is_incremental() %}
        {{ exceptions.raise_compiler_error(this ~ " is made by the warehouse's migrations: run them first") }}
    {% endif %}
{% endmacro %}
