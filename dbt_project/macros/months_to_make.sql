{# The months a model has to make, up to the instant that facts are known to: `counted_until`. #}
{% macro months_to_make() %}
    select
        months.subscriber_id,
        months.month,
        months.month_start_at,
        months.month_end_at,
        months.is_in_lifetime,
        least(months.month_end_at, data_through.data_through_at) as counted_until
    from {{ ref('int_subscriber_months') }} as months
    cross join {{ ref('int_platform_data_through') }} as data_through
    where {{ is_changed('months.subscriber_id, months.month') }}
{% endmacro %}
