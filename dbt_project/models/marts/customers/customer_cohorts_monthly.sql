{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=[
        'company_id', 'reading', 'cohort_basis', 'cohort_month_date', 'month_start_date', 'active_duration_months',
    ],
    pre_hook="set local enable_nestloop = off",
    tags=['nightly'],
) }}

{% set bases = {'created': 'created_month_number', 'first_paid_use': 'first_paid_use_month_number'} %}

with calendars as (
    select
        time_zone,
        array_agg(starts_at order by month_number) as month_starts
    from {{ ref('int_local_months') }}
    group by time_zone
),

days as (
    select
        time_zone,
        array_agg(local_date order by local_date) as local_dates,
        array_agg(starts_at order by local_date) as starts
    from {{ ref('int_local_days') }}
    group by time_zone
),

viewings as (
    select distinct
        member_company_id as company_id,
        time_zone
    from {{ ref('int_company_readings') }}
),

members as (
    select
        customers.customer_id,
        customers.company_id,
        viewings.time_zone,
        width_bucket(customers.created_at, calendars.month_starts) as created_month_number,
        width_bucket(customers.first_paid_use_at, calendars.month_starts) as first_paid_use_month_number
    from {{ ref('int_customer_cohorts') }} as customers
    inner join viewings on customers.company_id = viewings.company_id
    inner join calendars on viewings.time_zone = calendars.time_zone
),

-- the cohorts that there are, each with all it ever held
sizes as (
    select
        readings.company_id,
        readings.reading,
        readings.time_zone,
        readings.currency,
        cohort.basis as cohort_basis,
        cohort.month_number as cohort_month_number,
        count(*) as cohort_customer_count
    from members
    inner join {{ ref('int_company_readings') }} as readings
        on members.company_id = readings.member_company_id and members.time_zone = readings.time_zone
    cross join lateral (
        values {% for basis, column in bases.items() %}('{{ basis }}', members.{{ column }}){{ ', ' if not loop.last }}{% endfor %}
    ) as cohort (basis, month_number)
    where cohort.month_number is not null
    group by 1, 2, 3, 4, 5, 6
),

active_changes as (
    select
        readings.company_id,
        readings.reading,
        changes.active_duration_months,
        cohort.basis as cohort_basis,
        cohort.month_number as cohort_month_number,
        changes.boundary_number - 1 as month_number,
        sum(changes.new_count + changes.reactivated_count - changes.churned_count) as active_change
    from {{ ref('int_company_activity_changes') }} as changes
    inner join {{ ref('int_company_readings') }} as readings
        on changes.customer_company_id = readings.member_company_id and changes.time_zone = readings.time_zone
    cross join lateral (
        values {% for basis, column in bases.items() %}('{{ basis }}', changes.{{ column }}){{ ', ' if not loop.last }}{% endfor %}
    ) as cohort (basis, month_number)
    group by 1, 2, 3, 4, 5, 6
),

-- `offset 0` has each binary search done once
payments as (
    select
        members.time_zone,
        members.company_id,
        members.created_month_number,
        members.first_paid_use_month_number,
        payments.currency,
        payments.measure_amount as amount,
        days.local_dates[width_bucket(payments.confirmed_at, days.starts)] as local_date
    from {{ ref('fct_transactions') }} as payments
    inner join members on payments.customer_id = members.customer_id
    inner join days on members.time_zone = days.time_zone
    cross join {{ ref('int_billing_data_through') }} as billing
    where payments.measure = 'refill' and payments.confirmed_at < billing.data_through_at
    offset 0
),

own_refills as (
    select
        payments.time_zone,
        payments.company_id,
        payments.currency,
        payments.local_date,
        payments.created_month_number,
        payments.first_paid_use_month_number,
        sum(payments.amount) as amount
    from payments
    inner join {{ ref('int_local_months') }} as months
        on
            payments.time_zone = months.time_zone
            and date_trunc('month', payments.local_date)::date = months.month_start_date
    -- a rate is asked for only where the amount is shown
    where
        months.is_in_series
        and months.month_number >= least(payments.created_month_number, payments.first_paid_use_month_number)
    group by 1, 2, 3, 4, 5, 6
),

refills as (
    select
        readings.company_id,
        readings.reading,
        cohort.basis as cohort_basis,
        cohort.month_number as cohort_month_number,
        date_trunc('month', own_refills.local_date)::date as month_start_date,
        sum(
            case
                when own_refills.amount != 0
                    then
                        own_refills.amount
                        * {{ company_rate('rates.rate', 'own_refills.currency', 'readings.currency', 'own_refills.local_date') }}
                else 0
            end
        ) as refill_amount,
        {{ sum_in_reporting_currency('own_refills.amount', 'reporting_rates.rate') }} as reporting_refill_amount
    from own_refills
    inner join {{ ref('int_company_readings') }} as readings
        on own_refills.company_id = readings.member_company_id and own_refills.time_zone = readings.time_zone
    left join {{ ref('int_company_rates') }} as rates
        on
            own_refills.currency = rates.currency
            and readings.currency = rates.company_currency
            and own_refills.local_date = rates.rate_date
    left join {{ ref('int_reporting_rates') }} as reporting_rates
        on own_refills.currency = reporting_rates.currency and own_refills.local_date = reporting_rates.rate_date
    cross join lateral (
        values {% for basis, column in bases.items() %}('{{ basis }}', own_refills.{{ column }}){{ ', ' if not loop.last }}{% endfor %}
    ) as cohort (basis, month_number)
    group by 1, 2, 3, 4, 5
),

cohort_months as (
    select
        sizes.*,
        cohort_month.month_start_date as cohort_month_date,
        months.month_start_date,
        months.month_number,
        months.as_of_at,
        months.is_finished,
        duration.months as active_duration_months
    from sizes
    inner join {{ ref('int_local_months') }} as cohort_month
        on sizes.time_zone = cohort_month.time_zone and sizes.cohort_month_number = cohort_month.month_number
    inner join {{ ref('int_local_months') }} as months
        on
            sizes.time_zone = months.time_zone
            and sizes.cohort_month_number <= months.month_number
            and months.is_in_series
    cross join (values (1), (3), (6), (12)) as duration (months)
)

select
    months.company_id,
    months.reading,
    months.cohort_basis,
    months.cohort_month_date,
    months.month_start_date,
    months.active_duration_months,
    months.month_number - months.cohort_month_number as months_since_cohort,
    months.as_of_at,
    months.is_finished,
    months.cohort_customer_count,
    (sum(coalesce(active_changes.active_change, 0)) over (
        partition by
            months.company_id,
            months.reading,
            months.cohort_basis,
            months.cohort_month_number,
            months.active_duration_months
        order by months.month_number
    ))::bigint as active_count,
    coalesce(refills.refill_amount, 0) as refill_amount,
    months.currency,
    case when refills.company_id is null then 0 else refills.reporting_refill_amount end as reporting_refill_amount,
    '{{ var("reporting_currency") }}' as reporting_currency
from cohort_months as months
left join active_changes
    on
        months.company_id = active_changes.company_id
        and months.reading = active_changes.reading
        and months.active_duration_months = active_changes.active_duration_months
        and months.cohort_basis = active_changes.cohort_basis
        and months.cohort_month_number = active_changes.cohort_month_number
        and months.month_number = active_changes.month_number
left join refills
    on
        months.company_id = refills.company_id
        and months.reading = refills.reading
        and months.cohort_basis = refills.cohort_basis
        and months.cohort_month_number = refills.cohort_month_number
        and months.month_start_date = refills.month_start_date
