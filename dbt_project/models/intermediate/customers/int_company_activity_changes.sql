{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=[
        'time_zone', 'active_duration_months', 'company_id', 'other_company_id', 'customer_company_id',
        'created_month_number', 'first_paid_use_month_number', 'boundary_number',
    ],
    pre_hook="set local enable_nestloop = off",
    tags=['nightly'],
) }}

{#-
  Boundaries are the instants between months, numbered: a month's number is that of its start, and the next number is its
  end. A customer is active at a run of boundaries; the run is known from the paid uses around its gaps alone.
-#}

-- each zone's boundaries, and for each the start of the window in which a paid use makes a customer active
with calendars as (
    select
        time_zone,
        array_agg(starts_at order by month_number) || max(as_of_at) as boundaries,
        count(*)::int + 1 as boundary_count
    from {{ ref('int_local_months') }}
    group by time_zone
),

windows as materialized (
    select
        calendars.time_zone,
        duration.months as active_duration_months,
        (
            select
                array_agg(
                    {{ function('months_before') }}(boundary.at, duration.months, calendars.time_zone)
                    order by boundary.number
                )
            from unnest(calendars.boundaries) with ordinality as boundary (at, number)
        ) as window_starts
    from calendars
    cross join (values (1), (3), (6), (12)) as duration (months)
),

-- where a customer stood, and from which instant on; the first company counts from the beginning
company_changes as (
    select
        customer_id,
        company_id,
        valid_from,
        lag(company_id) over in_order as previous_company_id
    from {{ ref('dim_customer_history') }}
    window in_order as (partition by customer_id order by valid_from)
),

stands as (
    select
        customers.customer_id,
        changes.company_id,
        case when changes.previous_company_id is not null then changes.valid_from end as stands_from,
        lead(changes.valid_from) over (partition by changes.customer_id order by changes.valid_from) as stands_to
    from company_changes as changes
    inner join {{ ref('int_customer_cohorts') }} as customers on changes.customer_id = customers.customer_id
    where changes.previous_company_id is distinct from changes.company_id
),

-- a customer is seen in the zone of each company it stood in and of each company above
customer_zones as (
    select distinct
        stands.customer_id,
        readings.time_zone
    from stands
    inner join {{ ref('int_company_readings') }} as readings on stands.company_id = readings.member_company_id
),

numbered_stands as (
    select
        stands.customer_id,
        customer_zones.time_zone,
        stands.company_id,
        coalesce(width_bucket(stands.stands_from, calendars.boundaries) + 1, 1) as first_boundary,
        coalesce(width_bucket(stands.stands_to, calendars.boundaries), calendars.boundary_count) as last_boundary
    from stands
    inner join customer_zones on stands.customer_id = customer_zones.customer_id
    inner join calendars on customer_zones.time_zone = calendars.time_zone
),

-- a company left again before the next boundary was stood in at none
zone_stands as (
    select
        *,
        lag(company_id) over in_order as previous_company_id,
        lead(company_id) over in_order as next_company_id
    from numbered_stands
    where first_boundary <= last_boundary
    window in_order as (partition by customer_id, time_zone order by first_boundary)
),

zone_customers as (
    select
        customers.customer_id,
        customers.company_id,
        customer_zones.time_zone,
        width_bucket(customers.created_at, calendars.boundaries) as created_month_number,
        width_bucket(customers.first_paid_use_at, calendars.boundaries) as first_paid_use_month_number,
        coalesce(width_bucket(customers.deleted_at, calendars.boundaries), calendars.boundary_count) as last_boundary
    from {{ ref('int_customer_cohorts') }} as customers
    inner join customer_zones on customers.customer_id = customer_zones.customer_id
    inner join calendars on customer_zones.time_zone = calendars.time_zone
    where customers.first_paid_use_at is not null
),

uses as (
    select
        history.customer_id,
        history.valid_from as used_at,
        lead(history.valid_from) over (partition by history.customer_id order by history.valid_from) as next_used_at
    from {{ ref('fct_customer_history') }} as history
    cross join {{ ref('int_billing_data_through') }} as billing
    where history.valid_from = history.last_paid_use_at and history.valid_from < billing.data_through_at
),

-- a gap shorter than the active duration, less what a short month and a change of clocks can take, ends no run
gaps as (
    select
        uses.customer_id,
        customer_zones.time_zone,
        windows.active_duration_months,
        width_bucket(uses.used_at, windows.window_starts) as last_boundary,
        width_bucket(uses.next_used_at, calendars.boundaries) + 1 as next_boundary
    from uses
    inner join customer_zones on uses.customer_id = customer_zones.customer_id
    inner join calendars on customer_zones.time_zone = calendars.time_zone
    inner join windows
        on
            customer_zones.time_zone = windows.time_zone
            and (
                uses.next_used_at is null
                or uses.next_used_at - uses.used_at > make_interval(days => 26 * windows.active_duration_months)
            )
),

runs as (
    select
        customer_id,
        time_zone,
        active_duration_months,
        lag(next_boundary) over (
            partition by customer_id, time_zone, active_duration_months order by last_boundary
        ) as first_boundary,
        last_boundary
    from gaps
    where next_boundary is null or next_boundary > last_boundary + 1
),

-- as long as the customer exists as well
existing_runs as (
    select
        customers.*,
        runs.active_duration_months,
        greatest(
            coalesce(runs.first_boundary, customers.first_paid_use_month_number + 1), customers.created_month_number + 1
        ) as run_first_boundary,
        least(runs.last_boundary, customers.last_boundary) as run_last_boundary
    from runs
    inner join zone_customers as customers
        on runs.customer_id = customers.customer_id and runs.time_zone = customers.time_zone
),

-- and for the company it stands in
presences as (
    select
        runs.time_zone,
        runs.active_duration_months,
        runs.company_id as customer_company_id,
        runs.created_month_number,
        runs.first_paid_use_month_number,
        runs.run_first_boundary,
        runs.run_last_boundary,
        stands.company_id,
        stands.previous_company_id,
        stands.next_company_id,
        greatest(runs.run_first_boundary, stands.first_boundary) as first_boundary,
        least(runs.run_last_boundary, stands.last_boundary) as last_boundary
    from existing_runs as runs
    inner join zone_stands as stands
        on
            runs.customer_id = stands.customer_id
            and runs.time_zone = stands.time_zone
            and runs.run_first_boundary <= stands.last_boundary
            and runs.run_last_boundary >= stands.first_boundary
    where runs.run_first_boundary <= runs.run_last_boundary
),

-- each presence begins at its first boundary and is over at the one after its last
changes as (
    select
        presences.*,
        first_boundary as boundary_number,
        1 as entered,
        first_boundary = run_first_boundary as is_activation,
        false as is_churn,
        case when first_boundary > run_first_boundary then previous_company_id end as other_company_id
    from presences

    union all

    select
        presences.*,
        presences.last_boundary + 1 as boundary_number,
        -1 as entered,
        false as is_activation,
        presences.last_boundary = presences.run_last_boundary as is_churn,
        case when presences.last_boundary < presences.run_last_boundary then presences.next_company_id end
            as other_company_id
    from presences
    inner join calendars on presences.time_zone = calendars.time_zone
    where presences.last_boundary < calendars.boundary_count
)

select
    time_zone,
    active_duration_months,
    company_id,
    coalesce(other_company_id, 0) as other_company_id,
    customer_company_id,
    created_month_number,
    first_paid_use_month_number,
    boundary_number,
    sum(entered) as active_change,
    -- the first paid use ever falls in the month that the boundary ends
    count(*) filter (where is_activation and first_paid_use_month_number = boundary_number - 1) as new_count,
    count(*) filter (where is_activation and first_paid_use_month_number < boundary_number - 1) as reactivated_count,
    count(*) filter (where is_churn) as churned_count,
    count(*) filter (where entered = 1 and not is_activation) as moved_in_count,
    count(*) filter (where entered = -1 and not is_churn) as moved_out_count
from changes
group by 1, 2, 3, 4, 5, 6, 7, 8
