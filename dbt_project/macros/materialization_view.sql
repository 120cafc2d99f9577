{# A view of the same definition is left alone: BI never sees it vanish with what it reads, nor waits for a lock on it (0303). #}
{% materialization view, adapter='postgres' %}
    {%- if load_cached_relation(this) is not none and is_of_recorded_definition() -%}
        {%- call noop_statement('main', 'VIEW KEPT') %}{% endcall -%}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {%- endif -%}
    {{ return(dbt.materialization_view_default()) }}
{% endmaterialization %}
