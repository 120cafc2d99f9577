{# Whether an instant of billing that may be empty has come: one that lies ahead of data through has not happened yet. #}
{% macro has_happened(instant) -%}
    coalesce({{ instant }} <= (select billing.data_through_at from {{ ref('int_billing_data_through') }} as billing), false)
{%- endmacro %}
