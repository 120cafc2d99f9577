{#
  What a set of movements comes to, in the words of Customer Dynamics; sums are exact, in the movements' own currency.
  A refill is a payment above 0; a reversal (below 0) lowers the sum only. A fee above 0 is a rollback: likewise.
  Pay as you go is what service charges outside every package come to, charges counted as positive.
#}
{% macro movement_measures(alias) -%}
    count(*) filter (where {{ alias }}.kind = 'payment' and {{ alias }}.amount > 0) as refill_count,
    coalesce(sum({{ alias }}.amount) filter (where {{ alias }}.kind = 'payment'), 0) as refill_amount,
    coalesce(-sum({{ alias }}.amount) filter (
        where {{ alias }}.kind = 'service_charge' and {{ alias }}.package_id is null
    ), 0) as pay_as_you_go_amount,
    {%- for name, kind in [('activation', 'activation_fee'), ('renewal', 'subscription_fee')] %}
    count(*) filter (where {{ alias }}.kind = '{{ kind }}' and {{ alias }}.amount <= 0) as {{ name }}_count,
    coalesce(-sum({{ alias }}.amount) filter (where {{ alias }}.kind = '{{ kind }}'), 0) as {{ name }}_amount
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
