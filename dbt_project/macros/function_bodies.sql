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


{#
  A function whose definition has not changed is left alone: a rerun changes no catalogue row. Its body is not checked
  when it is made: every step makes all functions, also those that read what another step builds.
#}
{% macro postgres__function_execute_build_sql(build_sql, existing_relation, target_relation) %}
    {%- set definition_hash = local_md5(build_sql ~ model.description) -%}
    {% if existing_relation is not none and recorded_definition_hash(target_relation) == definition_hash %}
        {% call noop_statement('main', 'FUNCTION KEPT') %}{% endcall %}
    {% else %}
        {% call statement('main') %}
            set local check_function_bodies = off;

            {{ build_sql }};

            comment on function {{ target_relation.render() }} ({{ formatted_scalar_function_args_sql() }})
            is {{ postgres_escape_comment(model.description) }};

            insert into intermediate.kept_definitions (relation_name, definition_hash)
            values ('{{ target_relation.schema }}.{{ target_relation.identifier }}', '{{ definition_hash }}')
            on conflict (relation_name) do update set definition_hash = excluded.definition_hash
        {% endcall %}
        {{ adapter.commit() }}
    {% endif %}
{% endmacro %}
