{{ config(materialized='view', tags=['nightly']) }}

{% set amounts = ['refill', 'pay_as_you_go', 'activation', 'renewal'] %}
{% set counts = ['refill', 'activation', 'renewal'] %}

-- the last day of a month ends when the month does: clients and balances are that day's, movements the whole month's
with days as (
    select
        *,
        date_trunc('month', local_date)::date as month_start_date,
        row_number() over (
            partition by company_id, reading, active_duration_months, date_trunc('month', local_date)
            order by local_date desc
        ) = 1 as is_last_day
    from {{ ref('customer_dynamics_daily') }}
),

movements as (
    {{ converted_movements("date_trunc('month', movements.local_date)::date") }}
),

sums as (
    select
        days.*,
        months.is_finished as is_finished_month,
        {% for name in counts %}
            coalesce(movements.{{ name }}_count, 0) as month_{{ name }}_count,
        {% endfor %}
        {% for name in amounts %}
            coalesce(movements.{{ name }}_amount, 0) as month_{{ name }}_amount,
            case when movements.company_id is null then 0 else movements.reporting_{{ name }}_amount end
                as reporting_month_{{ name }}_amount
            {{- ',' if not loop.last }}
        {% endfor %}
    from days
    left join movements
        on
            days.company_id = movements.company_id
            and days.reading = movements.reading
            and days.month_start_date = movements.period_date
    inner join {{ ref('dim_company') }} as companies on days.company_id = companies.company_id
    inner join {{ ref('int_local_months') }} as months
        on companies.time_zone = months.time_zone and days.month_start_date = months.month_start_date
    where days.is_last_day
)

select
    company_id,
    reading,
    month_start_date,
    active_duration_months,
    as_of_at,
    is_finished_month as is_finished,
    currency,
    {% for block in ['active', 'overall_active', 'all'] %}
        {{ block }}_count,
        {% for prefix in ['', 'reporting_'] %}
            {{ prefix }}{{ block }}_balance_pos_amount,
            {{ prefix }}{{ block }}_balance_neg_amount,
            {{ prefix }}{{ block }}_balance_amount,
        {% endfor %}
    {% endfor %}
    month_refill_count as refill_count,
    month_refill_amount as refill_amount,
    reporting_month_refill_amount as reporting_refill_amount,
    {{ average_amount('month_refill_amount', 'month_refill_count') }} as refill_average_amount,
    {{ average_amount('reporting_month_refill_amount', 'month_refill_count') }} as reporting_refill_average_amount,
    month_pay_as_you_go_amount as pay_as_you_go_amount,
    reporting_month_pay_as_you_go_amount as reporting_pay_as_you_go_amount,
    {{ average_amount('month_pay_as_you_go_amount', 'active_count') }} as pay_as_you_go_active_average_amount,
    {{ average_amount('reporting_month_pay_as_you_go_amount', 'active_count') }}
        as reporting_pay_as_you_go_active_average_amount,
    month_activation_count as activation_count,
    month_activation_amount as activation_amount,
    reporting_month_activation_amount as reporting_activation_amount,
    month_renewal_count as renewal_count,
    month_renewal_amount as renewal_amount,
    reporting_month_renewal_amount as reporting_renewal_amount,
    reporting_currency
from sums
