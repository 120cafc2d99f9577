{# A table that was just made has no statistics yet, and what reads it next is planned by them. #}
{% macro analyze_when_new() %}
    {% if execute and model.config.materialized == 'incremental' and not is_incremental() %} analyze {{ this }} {% endif %}
{% endmacro %}
