{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'currency', 'local_date'],
    tags=['nightly'],
) }}

{% set durations = [1, 3, 6, 12] %}
{% set blocks = ['all', 'overall_active', 'active_1', 'active_3', 'active_6', 'active_12'] %}

-- each zone's days as arrays, so that a binary search numbers an instant's day
with calendars as (
    select
        time_zone,
        count(*)::int as day_count,
        array_agg(as_of_at order by day_number) as as_ofs,
        {% for duration in durations %}
            array_agg({{ function('months_before') }}(as_of_at, {{ duration }}, time_zone) order by day_number)
                as window_starts_{{ duration }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_series_days') }}
    group by time_zone
),

-- a customer is seen in the zone of its company and of each company above
viewings as (
    select distinct
        companies.company_id,
        viewers.time_zone
    from {{ ref('dim_company') }} as companies
    inner join {{ ref('dim_company') }} as viewers on viewers.company_id = any(companies.path)
),

-- a state holds for the days whose as_of lies after valid_from, up to and including valid_to; active is limited further
-- to the days whose window begins no later than the latest paid use
spans as (
    select
        calendars.time_zone,
        customers.company_id,
        history.currency,
        history.balance_amount,
        calendars.day_count,
        history.last_paid_use_at is not null as has_paid_use,
        width_bucket(history.valid_from, calendars.as_ofs) as days_before,
        coalesce(width_bucket(history.valid_to, calendars.as_ofs), calendars.day_count) as last_day,
        {% for duration in durations %}
            coalesce(width_bucket(history.last_paid_use_at, calendars.window_starts_{{ duration }}), 0)
                as last_active_day_{{ duration }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_customer_history') }} as history
    inner join {{ ref('dim_customer') }} as customers on history.customer_id = customers.customer_id
    inner join viewings on customers.company_id = viewings.company_id
    inner join calendars on viewings.time_zone = calendars.time_zone
    where history.is_existing
),

-- what each state adds on its first day and takes away after its last
steps as (
    select
        spans.time_zone,
        spans.company_id,
        spans.currency,
        spans.balance_amount,
        step.*
    from spans
    cross join lateral (
        values
        (
            spans.days_before + 1,
            1,
            1,
            spans.has_paid_use::int
            {%- for duration in durations %},
            (spans.days_before < spans.last_active_day_{{ duration }})::int
            {%- endfor %}
        ),
        (
            spans.last_day + 1,
            -1,
            1,
            spans.has_paid_use::int
            {%- for duration in durations %},
            (spans.last_day <= spans.last_active_day_{{ duration }})::int
            {%- endfor %}
        )
        {%- for duration in durations %},
        (
            case
                when
                    spans.days_before < spans.last_active_day_{{ duration }}
                    and spans.last_active_day_{{ duration }} < spans.last_day
                    then spans.last_active_day_{{ duration }} + 1
            end,
            -1,
            0,
            0
            {%- for other in durations %}, {{ 1 if other == duration else 0 }}{% endfor %}
        )
        {%- endfor %}
    ) as step (day_number, direction, {% for block in blocks %}in_{{ block }}{{ ', ' if not loop.last }}{% endfor %})
    where
        spans.days_before < spans.last_day
        and step.day_number <= spans.day_count
),

own_changes as (
    select
        time_zone,
        company_id,
        currency,
        day_number,
        {% for block in blocks %}
            sum(direction) filter (where in_{{ block }} = 1) as {{ block }}_count,
            sum(direction * balance_amount) filter (where in_{{ block }} = 1 and balance_amount > 0) as {{ block }}_pos,
            sum(direction * balance_amount) filter (where in_{{ block }} = 1 and balance_amount < 0) as {{ block }}_neg
            {{- ',' if not loop.last }}
        {% endfor %}
    from steps
    group by time_zone, company_id, currency, day_number
),

branch_changes as (
    select
        viewers.company_id,
        own_changes.currency,
        own_changes.day_number,
        {% for block in blocks %}
            {% for measure in ['count', 'pos', 'neg'] %}
                sum(own_changes.{{ block }}_{{ measure }}) as {{ block }}_{{ measure }}
                {{- ',' if not loop.last }}
            {% endfor %}
            {{- ',' if not loop.last }}
        {% endfor %}
    from own_changes
    inner join {{ ref('dim_company') }} as companies on own_changes.company_id = companies.company_id
    inner join {{ ref('dim_company') }} as viewers
        on
            viewers.company_id = any(companies.path)
            and own_changes.time_zone = viewers.time_zone
    group by viewers.company_id, own_changes.currency, own_changes.day_number
),

company_days as (
    select
        held.company_id,
        held.currency,
        days.local_date,
        days.day_number
    from (select distinct company_id, currency from branch_changes) as held
    inner join {{ ref('dim_company') }} as companies on held.company_id = companies.company_id
    inner join {{ ref('int_series_days') }} as days on companies.time_zone = days.time_zone
)

select
    company_days.company_id,
    company_days.currency,
    company_days.local_date,
    {% for block in blocks %}
        coalesce(sum(branch_changes.{{ block }}_count) over so_far, 0)::bigint as {{ block }}_count,
        coalesce(sum(branch_changes.{{ block }}_pos) over so_far, 0) as {{ block }}_balance_pos,
        coalesce(sum(branch_changes.{{ block }}_neg) over so_far, 0) as {{ block }}_balance_neg
        {{- ',' if not loop.last }}
    {% endfor %}
from company_days
left join branch_changes
    on
        company_days.company_id = branch_changes.company_id
        and company_days.currency = branch_changes.currency
        and company_days.day_number = branch_changes.day_number
window so_far as (
    partition by company_days.company_id, company_days.currency
    order by company_days.day_number
)
