{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'local_date', 'active_duration_months'],
    tags=['nightly'],
) }}

with companies as (
    select * from {{ ref('dim_company') }}
),

series_days as (
    select * from {{ ref('int_series_days') }}
),

daily_states as (
    select * from {{ ref('int_company_daily_states') }}
),

company_rates as (
    select * from {{ ref('int_company_rates') }}
),

reporting_rates as (
    select * from {{ ref('int_reporting_rates') }}
),

movements as (
    {{ converted_movements('movements.local_date') }}
),

days as (
    select
        companies.company_id,
        readings.reading,
        companies.currency as company_currency,
        series_days.local_date,
        series_days.as_of_at,
        series_days.is_finished,
        series_days.rate_date
    from companies
    cross join (values ('own'), ('branch')) as readings (reading)
    inner join series_days on companies.time_zone = series_days.time_zone
    where series_days.is_in_series
),

-- a rate is asked for only where there is something to convert
rated_states as (
    select
        daily_states.*,
        case
            when daily_states.all_balance_pos != 0 or daily_states.all_balance_neg != 0
                then {{ company_rate('company_rates.rate', 'daily_states.currency', 'days.company_currency', 'days.rate_date') }}
        end as rate,
        reporting_rates.rate as reporting_rate
    from daily_states
    inner join days
        on
            daily_states.company_id = days.company_id
            and daily_states.reading = days.reading
            and daily_states.local_date = days.local_date
    left join company_rates
        on
            daily_states.currency = company_rates.currency
            and days.company_currency = company_rates.company_currency
            and days.rate_date = company_rates.rate_date
    left join reporting_rates
        on daily_states.currency = reporting_rates.currency and days.rate_date = reporting_rates.rate_date
),

states as (
    select
        company_id,
        reading,
        local_date,
        sum(all_count)::bigint as all_count,
        sum(all_balance_pos * rate) as all_balance_pos,
        {{ sum_in_reporting_currency('all_balance_pos', 'reporting_rate') }} as reporting_all_balance_pos,
        sum(all_balance_neg * rate) as all_balance_neg,
        {{ sum_in_reporting_currency('all_balance_neg', 'reporting_rate') }} as reporting_all_balance_neg,
        sum(overall_active_count)::bigint as overall_active_count,
        sum(overall_active_balance_pos * rate) as overall_active_balance_pos,
        {{ sum_in_reporting_currency('overall_active_balance_pos', 'reporting_rate') }} as reporting_overall_active_balance_pos,
        sum(overall_active_balance_neg * rate) as overall_active_balance_neg,
        {{ sum_in_reporting_currency('overall_active_balance_neg', 'reporting_rate') }} as reporting_overall_active_balance_neg,
        sum(active_1_count)::bigint as active_1_count,
        sum(active_1_balance_pos * rate) as active_1_balance_pos,
        {{ sum_in_reporting_currency('active_1_balance_pos', 'reporting_rate') }} as reporting_active_1_balance_pos,
        sum(active_1_balance_neg * rate) as active_1_balance_neg,
        {{ sum_in_reporting_currency('active_1_balance_neg', 'reporting_rate') }} as reporting_active_1_balance_neg,
        sum(active_3_count)::bigint as active_3_count,
        sum(active_3_balance_pos * rate) as active_3_balance_pos,
        {{ sum_in_reporting_currency('active_3_balance_pos', 'reporting_rate') }} as reporting_active_3_balance_pos,
        sum(active_3_balance_neg * rate) as active_3_balance_neg,
        {{ sum_in_reporting_currency('active_3_balance_neg', 'reporting_rate') }} as reporting_active_3_balance_neg,
        sum(active_6_count)::bigint as active_6_count,
        sum(active_6_balance_pos * rate) as active_6_balance_pos,
        {{ sum_in_reporting_currency('active_6_balance_pos', 'reporting_rate') }} as reporting_active_6_balance_pos,
        sum(active_6_balance_neg * rate) as active_6_balance_neg,
        {{ sum_in_reporting_currency('active_6_balance_neg', 'reporting_rate') }} as reporting_active_6_balance_neg,
        sum(active_12_count)::bigint as active_12_count,
        sum(active_12_balance_pos * rate) as active_12_balance_pos,
        {{ sum_in_reporting_currency('active_12_balance_pos', 'reporting_rate') }} as reporting_active_12_balance_pos,
        sum(active_12_balance_neg * rate) as active_12_balance_neg,
        {{ sum_in_reporting_currency('active_12_balance_neg', 'reporting_rate') }} as reporting_active_12_balance_neg
    from rated_states
    group by company_id, reading, local_date
),

-- a day before the first customer or movement of a reading is a row of zeros
daily_sums as (
    select
        days.company_id,
        days.reading,
        days.local_date,
        durations.active_duration_months,
        days.as_of_at,
        days.is_finished,
        days.company_currency as currency,
        coalesce(active.customer_count, 0) as active_count,
        coalesce(states.overall_active_count, 0) as overall_active_count,
        coalesce(states.all_count, 0) as all_count,
        coalesce(active.balance_pos, 0) as active_balance_pos_amount,
        case when states.company_id is null then 0 else active.reporting_balance_pos end as reporting_active_balance_pos_amount,
        coalesce(active.balance_neg, 0) as active_balance_neg_amount,
        case when states.company_id is null then 0 else active.reporting_balance_neg end as reporting_active_balance_neg_amount,
        coalesce(states.overall_active_balance_pos, 0) as overall_active_balance_pos_amount,
        case when states.company_id is null then 0 else states.reporting_overall_active_balance_pos end as reporting_overall_active_balance_pos_amount,
        coalesce(states.overall_active_balance_neg, 0) as overall_active_balance_neg_amount,
        case when states.company_id is null then 0 else states.reporting_overall_active_balance_neg end as reporting_overall_active_balance_neg_amount,
        coalesce(states.all_balance_pos, 0) as all_balance_pos_amount,
        case when states.company_id is null then 0 else states.reporting_all_balance_pos end as reporting_all_balance_pos_amount,
        coalesce(states.all_balance_neg, 0) as all_balance_neg_amount,
        case when states.company_id is null then 0 else states.reporting_all_balance_neg end as reporting_all_balance_neg_amount,
        coalesce(movements.refill_count, 0) as refill_count,
        coalesce(movements.activation_count, 0) as activation_count,
        coalesce(movements.renewal_count, 0) as renewal_count,
        coalesce(movements.refill_amount, 0) as refill_amount,
        case when movements.company_id is null then 0 else movements.reporting_refill_amount end as reporting_refill_amount,
        coalesce(movements.pay_as_you_go_amount, 0) as pay_as_you_go_amount,
        case when movements.company_id is null then 0 else movements.reporting_pay_as_you_go_amount end as reporting_pay_as_you_go_amount,
        coalesce(movements.activation_amount, 0) as activation_amount,
        case when movements.company_id is null then 0 else movements.reporting_activation_amount end as reporting_activation_amount,
        coalesce(movements.renewal_amount, 0) as renewal_amount,
        case when movements.company_id is null then 0 else movements.reporting_renewal_amount end as reporting_renewal_amount
    from days
    cross join (values (1), (3), (6), (12)) as durations (active_duration_months)
    left join states
        on
            days.company_id = states.company_id
            and days.reading = states.reading
            and days.local_date = states.local_date
    left join movements
        on
            days.company_id = movements.company_id
            and days.reading = movements.reading
            and days.local_date = movements.period_date
    left join lateral (
        values
        (
            1, states.active_1_count, states.active_1_balance_pos, states.active_1_balance_neg,
            states.reporting_active_1_balance_pos, states.reporting_active_1_balance_neg
        ),
        (
            3, states.active_3_count, states.active_3_balance_pos, states.active_3_balance_neg,
            states.reporting_active_3_balance_pos, states.reporting_active_3_balance_neg
        ),
        (
            6, states.active_6_count, states.active_6_balance_pos, states.active_6_balance_neg,
            states.reporting_active_6_balance_pos, states.reporting_active_6_balance_neg
        ),
        (
            12, states.active_12_count, states.active_12_balance_pos, states.active_12_balance_neg,
            states.reporting_active_12_balance_pos, states.reporting_active_12_balance_neg
        )
    ) as active (
        active_duration_months, customer_count, balance_pos, balance_neg, reporting_balance_pos, reporting_balance_neg
    )
        on durations.active_duration_months = active.active_duration_months
)

select
    company_id,
    reading,
    local_date,
    active_duration_months,
    as_of_at,
    is_finished,
    currency,
    active_count,
    active_balance_pos_amount,
    active_balance_neg_amount,
    active_balance_pos_amount + active_balance_neg_amount as active_balance_amount,
    reporting_active_balance_pos_amount,
    reporting_active_balance_neg_amount,
    reporting_active_balance_pos_amount + reporting_active_balance_neg_amount as reporting_active_balance_amount,
    overall_active_count,
    overall_active_balance_pos_amount,
    overall_active_balance_neg_amount,
    overall_active_balance_pos_amount + overall_active_balance_neg_amount as overall_active_balance_amount,
    reporting_overall_active_balance_pos_amount,
    reporting_overall_active_balance_neg_amount,
    reporting_overall_active_balance_pos_amount + reporting_overall_active_balance_neg_amount as reporting_overall_active_balance_amount,
    all_count,
    all_balance_pos_amount,
    all_balance_neg_amount,
    all_balance_pos_amount + all_balance_neg_amount as all_balance_amount,
    reporting_all_balance_pos_amount,
    reporting_all_balance_neg_amount,
    reporting_all_balance_pos_amount + reporting_all_balance_neg_amount as reporting_all_balance_amount,
    refill_count,
    refill_amount,
    reporting_refill_amount,
    {{ average_amount('refill_amount', 'refill_count') }} as refill_average_amount,
    {{ average_amount('reporting_refill_amount', 'refill_count') }} as reporting_refill_average_amount,
    pay_as_you_go_amount,
    reporting_pay_as_you_go_amount,
    {{ average_amount('pay_as_you_go_amount', 'active_count') }} as pay_as_you_go_active_average_amount,
    {{ average_amount('reporting_pay_as_you_go_amount', 'active_count') }}
        as reporting_pay_as_you_go_active_average_amount,
    activation_count,
    activation_amount,
    reporting_activation_amount,
    renewal_count,
    renewal_amount,
    reporting_renewal_amount,
    '{{ var("reporting_currency") }}' as reporting_currency
from daily_sums
