{# The calendar month, as its first day, that an instant falls in; a month starts at the first instant of its first day. #}
{% macro local_month(instant, time_zone) -%}
    {%- set by_clock -%} date_trunc('month', {{ instant }} at time zone {{ time_zone }}) {%- endset -%}
    (
        case
            when {{ instant }} < {{ function('local_day_start') }}(({{ by_clock }})::date, {{ time_zone }})
                then {{ by_clock }} - interval '1 month'
            when
                {{ instant }}
                >= {{ function('local_day_start') }}(({{ by_clock }} + interval '1 month')::date, {{ time_zone }})
                then {{ by_clock }} + interval '1 month'
            else {{ by_clock }}
        end
    )::date
{%- endmacro %}
