{# A metric as the text that the restatement ledger keeps: instants in UTC. #}
{% macro metric_text(alias, metric) -%}
    {% if metric == 'concurrent_max_at' %}closed.instant_text({{ alias }}.{{ metric }}){% else %}{{ alias }}.{{ metric }}::text{% endif %}
{%- endmacro %}
