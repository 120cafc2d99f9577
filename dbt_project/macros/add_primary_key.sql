{# The key of a table just made, for BI tools: of the contract it would be filled row by row, three times as slow (0307). #}
{% macro add_primary_key() %}
    {%- if execute and model.config.materialized == 'incremental' and model.config.unique_key and not is_incremental() -%}
        {%- set key = model.config.unique_key -%}
        alter table {{ this }} add primary key ({{ key if key is string else key | join(', ') }})
    {%- endif -%}
{% endmacro %}
