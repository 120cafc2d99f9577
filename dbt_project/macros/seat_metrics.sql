{# Those that count users. #}
{% macro seat_metrics() %}
    {%- set counting = {} -%}
    {%- for metric, rule in subscriber_metrics().items() if rule.counts -%}{%- do counting.update({metric: rule}) -%}{%- endfor -%}
    {{ return(counting) }}
{% endmacro %}
