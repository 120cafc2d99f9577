{#
  total / number to 4 decimals, half away from zero; empty where the number is 0. The quotient is never rounded on the
  way: div() cuts to whole ten-thousandths after half of one was added.
#}
{% macro average_amount(total, number) -%}
    round(
        sign({{ total }})
        * div(abs({{ total }}) * 20000 + {{ number }}, 2::numeric * nullif({{ number }}, 0)) / 10000, 4
    )
{%- endmacro %}
