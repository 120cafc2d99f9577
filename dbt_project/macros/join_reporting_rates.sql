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
