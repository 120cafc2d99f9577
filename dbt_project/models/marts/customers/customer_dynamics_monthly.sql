{{ config(materialized='view', tags=['nightly']) }}

-- the last day of a month ends when the month does: clients and balances are that day's, movements the sum of the days'
with days as (
    select
        *,
        date_trunc('month', local_date)::date as month_start_date,
        row_number() over (
            partition by company_id, active_duration_months, date_trunc('month', local_date)
            order by local_date desc
        ) = 1 as is_last_day
    from {{ ref('customer_dynamics_daily') }}
),

movements as (
    select
        company_id,
        month_start_date,
        active_duration_months,
        sum(refill_count)::bigint as refill_count,
        sum(refill_amount) as refill_amount,
        sum(pay_as_you_go_amount) as pay_as_you_go_amount,
        sum(activation_count)::bigint as activation_count,
        sum(activation_amount) as activation_amount,
        sum(renewal_count)::bigint as renewal_count,
        sum(renewal_amount) as renewal_amount
    from days
    group by company_id, month_start_date, active_duration_months
)

select
    days.company_id,
    days.month_start_date,
    days.active_duration_months,
    days.as_of_at,
    days.currency,
    {% for block in ['active', 'overall_active', 'all'] %}
        days.{{ block }}_count,
        days.{{ block }}_balance_pos_amount,
        days.{{ block }}_balance_neg_amount,
        days.{{ block }}_balance_amount,
    {% endfor %}
    movements.refill_count,
    movements.refill_amount,
    movements.refill_amount / nullif(movements.refill_count, 0) as refill_average_amount,
    movements.pay_as_you_go_amount,
    movements.pay_as_you_go_amount / nullif(days.active_count, 0) as pay_as_you_go_active_average_amount,
    movements.activation_count,
    movements.activation_amount,
    movements.renewal_count,
    movements.renewal_amount
from days
inner join movements
    on
        days.company_id = movements.company_id
        and days.month_start_date = movements.month_start_date
        and days.active_duration_months = movements.active_duration_months
where days.is_last_day
