{# A metric as the number that the ledger's differences are taken of: seconds since 1970 for an instant. #}
{% macro metric_number(alias, metric) -%}
    coalesce({% if metric == 'concurrent_max_at' %}extract(epoch from {{ alias }}.{{ metric }}){% else %}{{ alias }}.{{ metric }}{% endif %}, 0)::numeric
{%- endmacro %}
