{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'currency', 'local_date'],
    tags=['nightly'],
) }}

{#- The tighter a block, the higher its level: a customer of a level is in the blocks of all levels below as well. -#}
{% set blocks = ['all', 'overall_active', 'active_12', 'active_6', 'active_3', 'active_1'] %}
{% set durations = {2: 12, 3: 6, 4: 3, 5: 1} %}

-- each zone's days as arrays, so that a binary search numbers an instant's day
with calendars as (
    select
        time_zone,
        count(*)::int as day_count,
        array_agg(as_of_at order by day_number) as as_ofs,
        {% for level, duration in durations.items() %}
            array_agg({{ function('months_before') }}(as_of_at, {{ duration }}, time_zone) order by day_number)
                as window_starts_{{ level }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_series_days') }}
    group by time_zone
),

-- a customer is seen in the zone of its company and of each company above
viewings as (
    select distinct
        member_company_id as company_id,
        time_zone
    from {{ ref('int_company_readings') }}
),

-- kept apart from the calendars by `offset 0`, lest their arrays be copied for every customer
states as (
    select
        viewings.time_zone,
        customers.company_id,
        history.currency,
        history.valid_from,
        history.valid_to,
        history.balance_amount,
        history.last_paid_use_at
    from {{ ref('fct_customer_history') }} as history
    inner join {{ ref('dim_customer') }} as customers on history.customer_id = customers.customer_id
    inner join viewings on customers.company_id = viewings.company_id
    where history.is_existing
    offset 0
),

-- a state holds for the days whose as_of lies after valid_from, up to and including valid_to; `offset 0` here and below
-- has each binary search done once
spans as (
    select
        states.company_id,
        states.currency,
        states.balance_amount,
        states.last_paid_use_at,
        calendars.*,
        width_bucket(states.valid_from, calendars.as_ofs) + 1 as first_day,
        coalesce(width_bucket(states.valid_to, calendars.as_ofs), calendars.day_count) as last_day
    from states
    inner join calendars on states.time_zone = calendars.time_zone
    offset 0
),

-- active is limited to the days whose window begins no later than the latest paid use: the level falls as windows move on
levelled_spans as (
    select
        spans.*,
        {% for bound in ['first', 'last'] %}
            case
                when last_paid_use_at is null then 0
                {% for level in durations | sort(reverse=true) %}
                    when last_paid_use_at >= window_starts_{{ level }}[{{ bound }}_day] then {{ level }}
                {% endfor %}
                else 1
            end as {{ bound }}_level
            {{- ',' if not loop.last }}
        {% endfor %}
    from spans
    where first_day <= last_day
    offset 0
),

-- what each state adds on its first day and takes away after its last, and what moves a level down between them
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
        {% for level in durations %}
            union all
            select
                width_bucket(spans.last_paid_use_at, spans.window_starts_{{ level }}) + 1 as day_number,
                move.level,
                move.direction
            from (values ({{ level }}, -1), ({{ level - 1 }}, 1)) as move (level, direction)
            where spans.first_level >= {{ level }} and spans.last_level < {{ level }}
        {% endfor %}
    ) as step
),

own_changes as (
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

company_changes as (
    select
        readings.company_id,
        readings.reading,
        own_changes.currency,
        own_changes.day_number,
        {% for block in blocks %}
            {% set block_level = loop.index0 %}
            {% set is_last_block = loop.last %}
            {% for measure in ['customer_count', 'balance_pos', 'balance_neg'] %}
                sum(own_changes.{{ measure }}) filter (where own_changes.level >= {{ block_level }}) as {{ block }}_{{ measure }}
                {{- ',' if not (loop.last and is_last_block) }}
            {% endfor %}
        {% endfor %}
    from own_changes
    inner join {{ ref('int_company_readings') }} as readings
        on own_changes.company_id = readings.member_company_id and own_changes.time_zone = readings.time_zone
    group by readings.company_id, readings.reading, own_changes.currency, own_changes.day_number
),

company_days as (
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
        from company_changes
    ) as held
    inner join {{ ref('dim_company') }} as companies on held.company_id = companies.company_id
    inner join {{ ref('int_series_days') }} as days on companies.time_zone = days.time_zone
)

select
    company_days.company_id,
    company_days.reading,
    company_days.currency,
    company_days.local_date,
    {% for block in blocks %}
        coalesce(sum(company_changes.{{ block }}_customer_count) over so_far, 0)::bigint as {{ block }}_count,
        coalesce(sum(company_changes.{{ block }}_balance_pos) over so_far, 0) as {{ block }}_balance_pos,
        coalesce(sum(company_changes.{{ block }}_balance_neg) over so_far, 0) as {{ block }}_balance_neg
        {{- ',' if not loop.last }}
    {% endfor %}
from company_days
left join company_changes
    on
        company_days.company_id = company_changes.company_id
        and company_days.reading = company_changes.reading
        and company_days.currency = company_changes.currency
        and company_days.day_number = company_changes.day_number
window so_far as (
    partition by company_days.company_id, company_days.reading, company_days.currency
    order by company_days.day_number
)
