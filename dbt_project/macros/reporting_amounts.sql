{#
  The rate into the reporting currency at an instant, for a query over many rows: a CTE, and the joins that find the rate of
  a currency at the last local date that had begun in a zone. Gives reporting_rates.rate and .reporting_currency.
#}
{% macro reporting_rate_dates() %}
    select
        time_zone,
        currency,
        array_agg(valid_from_at order by valid_from_date) as starts,
        array_agg(valid_from_date order by valid_from_date) as dates
    from {{ ref('int_reporting_rate_periods') }}
    group by time_zone, currency
{% endmacro %}


{% macro join_reporting_rates(time_zone, currency, instant) %}
    left join reporting_rate_dates on {{ time_zone }} = reporting_rate_dates.time_zone and {{ currency }} = reporting_rate_dates.currency
    left join {{ ref('int_reporting_rate_periods') }} as reporting_rates
        on
            reporting_rate_dates.time_zone = reporting_rates.time_zone
            and reporting_rate_dates.currency = reporting_rates.currency
            and reporting_rates.valid_from_date
            = reporting_rate_dates.dates[width_bucket({{ instant }}, reporting_rate_dates.starts)]
            and reporting_rates.rate is not null
{% endmacro %}


{# A sum in the reporting currency: empty where an amount other than zero has no rate, never short of it. #}
{% macro sum_in_reporting_currency(amount, rate) -%}
    case
        when bool_and({{ amount }} = 0 or {{ rate }} is not null) then coalesce(sum({{ amount }} * {{ rate }}), 0)
    end
{%- endmacro %}


{# A rate of int_company_rates, or an error that names the currencies and the date where it has none. #}
{% macro company_rate(rate, currency, company_currency, rate_date) -%}
    coalesce({{ rate }}, {{ function('required_exchange_rate') }}({{ currency }}, {{ company_currency }}, {{ rate_date }}))
{%- endmacro %}


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
