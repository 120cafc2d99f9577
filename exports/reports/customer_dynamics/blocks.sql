-- From `groups` of customer states to the three client blocks of each row.
, changes as (
    -- each group enters its blocks at its first end and leaves them after its last
    select
        groups.package_id,
        groups.currency,
        groups.is_positive,
        change.at_end,
        sum(change.direction * customers) filter (where change.is_of_all) as all_qty,
        sum(change.direction * balance) filter (where change.is_of_all) as all_balance,
        sum(change.direction * customers) filter (where change.is_of_all and is_paid) as overall_qty,
        sum(change.direction * balance) filter (where change.is_of_all and is_paid) as overall_balance,
        sum(change.direction * customers) filter (where not change.is_of_all) as active_qty,
        sum(change.direction * balance) filter (where not change.is_of_all) as active_balance
    from groups
    cross join lateral (
        values
        (first_end, 1, true),
        (last_end + 1, -1, true),
        (case when last_active_end >= first_end then first_end end, 1, false),
        (case when last_active_end >= first_end then last_active_end + 1 end, -1, false)
    ) as change (at_end, direction, is_of_all)
    where change.at_end <= cardinality(%(ends)s::timestamptz[])
    group by 1, 2, 3, 4
),

states as materialized (
    select
        parts.package_id,
        parts.currency,
        parts.is_positive,
        ended.number as period,
        ended.rate_date,
        coalesce(sum(changes.all_qty) over running, 0) as all_qty,
        coalesce(sum(changes.all_balance) over running, 0) as all_balance,
        coalesce(sum(changes.overall_qty) over running, 0) as overall_qty,
        coalesce(sum(changes.overall_balance) over running, 0) as overall_balance,
        coalesce(sum(changes.active_qty) over running, 0) as active_qty,
        coalesce(sum(changes.active_balance) over running, 0) as active_balance
    from (select distinct package_id, currency, is_positive from changes) as parts
    cross join unnest(%(rate_dates)s::date[]) with ordinality as ended (rate_date, number)
    left join changes
        on
            changes.package_id is not distinct from parts.package_id
            and changes.currency = parts.currency
            and changes.is_positive = parts.is_positive
            and changes.at_end = ended.number
    window running as (partition by parts.package_id, parts.currency, parts.is_positive order by ended.number)
),

rates as materialized (
    select
        needed.currency,
        needed.rate_date,
        case
            when needed.currency = %(currency)s then 1
            else marts.exchange_rate(needed.currency, %(currency)s, needed.rate_date)
        end as rate
    from (select distinct currency, rate_date from states where all_balance <> 0) as needed
)

select
    states.period,
    states.package_id,
    sum(active_qty) as active_qty,
    coalesce(sum(active_balance * rate) filter (where is_positive), 0) as active_positive,
    coalesce(sum(active_balance * rate) filter (where not is_positive), 0) as active_negative,
    sum(overall_qty) as overall_qty,
    coalesce(sum(overall_balance * rate) filter (where is_positive), 0) as overall_positive,
    coalesce(sum(overall_balance * rate) filter (where not is_positive), 0) as overall_negative,
    sum(all_qty) as all_qty,
    coalesce(sum(all_balance * rate) filter (where is_positive), 0) as all_positive,
    coalesce(sum(all_balance * rate) filter (where not is_positive), 0) as all_negative,
    array_agg(distinct rates.rate_date || ' ' || rates.currency)
        filter (where rates.currency is not null and rates.rate is null) as missing_rates
from states
left join rates on states.currency = rates.currency and states.rate_date = rates.rate_date
group by states.period, states.package_id
