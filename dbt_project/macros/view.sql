{#
  A view whose definition has not changed is left alone: nobody who reads it sees it vanish for a moment, and what is
  built upon it is not dropped with it, as dbt's own replacement by renaming would do.
#}
{% materialization view, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set definition = [
        sql, model.description, model.columns, model.config.grants, model.config.contract, model.config.persist_docs
    ] | join -%}
    {%- set definition_hash = local_md5(definition) -%}
    {%- set recorded_hash = recorded_definition_hash(this) -%}

    {% if existing_relation is not none and existing_relation.is_view and recorded_hash == definition_hash %}
        {% call noop_statement('main', 'VIEW KEPT') %}{% endcall %}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {% endif %}

    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing_relation is not none %}
        {{ drop_relation_if_exists(existing_relation) }}
    {% endif %}
    {% call statement('main') -%}
        {{ get_create_view_as_sql(target_relation, sql) }};

        insert into intermediate.kept_definitions (relation_name, definition_hash)
        values ('{{ this.schema }}.{{ this.identifier }}', '{{ definition_hash }}')
        on conflict (relation_name) do update set definition_hash = excluded.definition_hash
    {%- endcall %}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=False) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro recorded_definition_hash(relation) %}
    {%- set found = run_query(
        "select definition_hash from intermediate.kept_definitions where relation_name = '"
        ~ relation.schema ~ "." ~ relation.identifier ~ "'"
    ) -%}
    {{ return(found.columns[0].values()[0] if found and found.rows | length else none) }}
{% endmacro %}
