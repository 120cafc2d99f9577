{# The kinds that a movement may be of; a transaction of any other is set aside (fct_transactions_rejected). #}
{% macro transaction_kinds() -%}
    ('payment', 'service_charge', 'activation_fee', 'subscription_fee', 'extra_charge')
{%- endmacro %}
