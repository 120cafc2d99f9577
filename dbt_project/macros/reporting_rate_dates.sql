{#
  The rate into the reporting currency at an instant, for a query over many rows: this CTE, and join_reporting_rates, which finds
  the rate of a currency at the last local date that had begun in a zone. Gives reporting_rates.rate and .reporting_currency.
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
