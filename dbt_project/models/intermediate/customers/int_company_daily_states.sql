{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'currency', 'local_date'],
    tags=['nightly'],
) }}

with customers as (
    select * from {{ ref('dim_customer') }}
),

customer_states as (
    select * from {{ ref('fct_customer_history') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

-- `not materialized`: read twice, each time by the table's statistics
readings as not materialized (
    select * from {{ ref('int_company_readings') }}
),

days as not materialized (
    select * from {{ ref('int_series_days') }}
),

-- each zone's days as arrays, so that a binary search numbers an instant's day; a customer is active on a day with a paid
-- use since the window of the day began
calendars as (
    select
        time_zone,
        count(*)::int as day_count,
        array_agg(as_of_at order by day_number) as day_ends,
        array_agg({{ function('months_before') }}(as_of_at, 12, time_zone) order by day_number) as windows_12,
        array_agg({{ function('months_before') }}(as_of_at, 6, time_zone) order by day_number) as windows_6,
        array_agg({{ function('months_before') }}(as_of_at, 3, time_zone) order by day_number) as windows_3,
        array_agg({{ function('months_before') }}(as_of_at, 1, time_zone) order by day_number) as windows_1
    from days
    group by time_zone
),

-- a customer is counted by the days of its company and of each company above
company_zones as (
    select distinct
        member_company_id as company_id,
        time_zone
    from readings
),

-- kept apart from the calendars by `offset 0`, lest their arrays be copied for every customer
zoned_states as (
    select
        company_zones.time_zone,
        customers.company_id,
        customer_states.currency,
        customer_states.valid_from,
        customer_states.valid_to,
        customer_states.balance_amount,
        customer_states.last_paid_use_at
    from customer_states
    inner join customers on customer_states.customer_id = customers.customer_id
    inner join company_zones on customers.company_id = company_zones.company_id
    where customer_states.is_existing
    offset 0
),

-- a state holds for the days that end after valid_from, up to and including valid_to; `offset 0` here and below has each
-- binary search done once
spans as (
    select
        zoned_states.company_id,
        zoned_states.currency,
        zoned_states.balance_amount,
        zoned_states.last_paid_use_at,
        calendars.*,
        width_bucket(zoned_states.valid_from, calendars.day_ends) + 1 as first_day,
        coalesce(width_bucket(zoned_states.valid_to, calendars.day_ends), calendars.day_count) as last_day
    from zoned_states
    inner join calendars on zoned_states.time_zone = calendars.time_zone
    offset 0
),

-- level 0 is in the block `all`, 1 in overall_active as well, 2 in active_12, 3 in active_6, 4 in active_3, 5 in active_1;
-- it falls as the windows move on
levelled_spans as (
    select
        spans.*,
        case
            when last_paid_use_at is null then 0
            when last_paid_use_at >= windows_1[first_day] then 5
            when last_paid_use_at >= windows_3[first_day] then 4
            when last_paid_use_at >= windows_6[first_day] then 3
            when last_paid_use_at >= windows_12[first_day] then 2
            else 1
        end as first_level,
        case
            when last_paid_use_at is null then 0
            when last_paid_use_at >= windows_1[last_day] then 5
            when last_paid_use_at >= windows_3[last_day] then 4
            when last_paid_use_at >= windows_6[last_day] then 3
            when last_paid_use_at >= windows_12[last_day] then 2
            else 1
        end as last_level
    from spans
    where first_day <= last_day
    offset 0
),

-- what a state adds on its first day and takes away after its last, and what falls a level on a day between them
steps as (
    select
        spans.time_zone,
        spans.company_id,
        spans.currency,
        spans.balance_amount,
        step.day_number,
        step.level,
        step.direction
    from levelled_spans as spans
    cross join lateral (
        select
            spans.first_day as day_number,
            spans.first_level as level,
            1 as direction

        union all

        select
            spans.last_day + 1 as day_number,
            spans.last_level as level,
            -1 as direction
        where spans.last_day < spans.day_count

        union all

        select
            width_bucket(spans.last_paid_use_at, spans.windows_12) + 1 as day_number,
            fall.level,
            fall.direction
        from (values (2, -1), (1, 1)) as fall (level, direction)
        where spans.first_level >= 2 and spans.last_level < 2

        union all

        select
            width_bucket(spans.last_paid_use_at, spans.windows_6) + 1 as day_number,
            fall.level,
            fall.direction
        from (values (3, -1), (2, 1)) as fall (level, direction)
        where spans.first_level >= 3 and spans.last_level < 3

        union all

        select
            width_bucket(spans.last_paid_use_at, spans.windows_3) + 1 as day_number,
            fall.level,
            fall.direction
        from (values (4, -1), (3, 1)) as fall (level, direction)
        where spans.first_level >= 4 and spans.last_level < 4

        union all

        select
            width_bucket(spans.last_paid_use_at, spans.windows_1) + 1 as day_number,
            fall.level,
            fall.direction
        from (values (5, -1), (4, 1)) as fall (level, direction)
        where spans.first_level >= 5 and spans.last_level < 5
    ) as step
),

changes_of_companies as (
    select
        time_zone,
        company_id,
        currency,
        day_number,
        level,
        sum(direction) as customer_count,
        sum(direction * balance_amount) filter (where balance_amount > 0) as balance_pos,
        sum(direction * balance_amount) filter (where balance_amount < 0) as balance_neg
    from steps
    group by time_zone, company_id, currency, day_number, level
),

changes_of_readings as (
    select
        readings.company_id,
        readings.reading,
        changes.currency,
        changes.day_number,
        sum(changes.customer_count) as all_count,
        sum(changes.balance_pos) as all_balance_pos,
        sum(changes.balance_neg) as all_balance_neg,
        sum(changes.customer_count) filter (where changes.level >= 1) as overall_active_count,
        sum(changes.balance_pos) filter (where changes.level >= 1) as overall_active_balance_pos,
        sum(changes.balance_neg) filter (where changes.level >= 1) as overall_active_balance_neg,
        sum(changes.customer_count) filter (where changes.level >= 2) as active_12_count,
        sum(changes.balance_pos) filter (where changes.level >= 2) as active_12_balance_pos,
        sum(changes.balance_neg) filter (where changes.level >= 2) as active_12_balance_neg,
        sum(changes.customer_count) filter (where changes.level >= 3) as active_6_count,
        sum(changes.balance_pos) filter (where changes.level >= 3) as active_6_balance_pos,
        sum(changes.balance_neg) filter (where changes.level >= 3) as active_6_balance_neg,
        sum(changes.customer_count) filter (where changes.level >= 4) as active_3_count,
        sum(changes.balance_pos) filter (where changes.level >= 4) as active_3_balance_pos,
        sum(changes.balance_neg) filter (where changes.level >= 4) as active_3_balance_neg,
        sum(changes.customer_count) filter (where changes.level >= 5) as active_1_count,
        sum(changes.balance_pos) filter (where changes.level >= 5) as active_1_balance_pos,
        sum(changes.balance_neg) filter (where changes.level >= 5) as active_1_balance_neg
    from changes_of_companies as changes
    inner join readings
        on changes.company_id = readings.member_company_id and changes.time_zone = readings.time_zone
    group by readings.company_id, readings.reading, changes.currency, changes.day_number
),

days_of_readings as (
    select
        held.company_id,
        held.reading,
        held.currency,
        days.local_date,
        days.day_number
    from (
        select distinct
            company_id,
            reading,
            currency
        from changes_of_readings
    ) as held
    inner join companies on held.company_id = companies.company_id
    inner join days on companies.time_zone = days.time_zone
)

select
    days.company_id,
    days.reading,
    days.currency,
    days.local_date,
    coalesce(sum(changes.all_count) over so_far, 0)::bigint as all_count,
    coalesce(sum(changes.all_balance_pos) over so_far, 0) as all_balance_pos,
    coalesce(sum(changes.all_balance_neg) over so_far, 0) as all_balance_neg,
    coalesce(sum(changes.overall_active_count) over so_far, 0)::bigint as overall_active_count,
    coalesce(sum(changes.overall_active_balance_pos) over so_far, 0) as overall_active_balance_pos,
    coalesce(sum(changes.overall_active_balance_neg) over so_far, 0) as overall_active_balance_neg,
    coalesce(sum(changes.active_12_count) over so_far, 0)::bigint as active_12_count,
    coalesce(sum(changes.active_12_balance_pos) over so_far, 0) as active_12_balance_pos,
    coalesce(sum(changes.active_12_balance_neg) over so_far, 0) as active_12_balance_neg,
    coalesce(sum(changes.active_6_count) over so_far, 0)::bigint as active_6_count,
    coalesce(sum(changes.active_6_balance_pos) over so_far, 0) as active_6_balance_pos,
    coalesce(sum(changes.active_6_balance_neg) over so_far, 0) as active_6_balance_neg,
    coalesce(sum(changes.active_3_count) over so_far, 0)::bigint as active_3_count,
    coalesce(sum(changes.active_3_balance_pos) over so_far, 0) as active_3_balance_pos,
    coalesce(sum(changes.active_3_balance_neg) over so_far, 0) as active_3_balance_neg,
    coalesce(sum(changes.active_1_count) over so_far, 0)::bigint as active_1_count,
    coalesce(sum(changes.active_1_balance_pos) over so_far, 0) as active_1_balance_pos,
    coalesce(sum(changes.active_1_balance_neg) over so_far, 0) as active_1_balance_neg
from days_of_readings as days
left join changes_of_readings as changes
    on
        days.company_id = changes.company_id
        and days.reading = changes.reading
        and days.currency = changes.currency
        and days.day_number = changes.day_number
window so_far as (partition by days.company_id, days.reading, days.currency order by days.day_number)
