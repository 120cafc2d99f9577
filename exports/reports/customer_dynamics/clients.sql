-- Clients and balances at period ends, by package where asked: customers counted and their balances summed in the blocks
-- Active, Overall Active and All, converted at the rate of the last local date before each end. A row (period, package);
-- with it the dates and currencies that lack a rate.
--
-- A state answers for the ends with valid_from < end <= valid_to. Ends are numbered from 1. Either each is read by itself
-- from the month start nearest to it, or, where months hold many ends, all of them from the month start before the first.
-- An end shortly before its month start takes off the states that began in between, and adds those that ended there.
with
checkpoints as not materialized (
    select
        asked.checkpoint_at,
        asked.first_end,
        asked.last_end,
        (%(ends)s::timestamptz[])[asked.first_end] as first_end_at,
        (%(ends)s::timestamptz[])[asked.last_end] as last_end_at
    from unnest(%(checkpoints)s::timestamptz[], %(first_ends)s::int[], %(last_ends)s::int[])
        as asked (checkpoint_at, first_end, last_end)
),

asked_customers as not materialized (
    select customer.customer_id
    from marts.filtered_customers(%(client_type)s, %(tags)s, %(owner_user_id)s, %(branches)s) as customer (customer_id)
),

-- a customer's package (none: empty), and the ends at which it was held: held_after_at < end <= held_until_at
held as not materialized (
    select
        customer_id,
        package_id,
        case when held_after_at is null then 1 else width_bucket(held_after_at, %(ends)s::timestamptz[]) + 1 end
            as first_end,
        case
            when held_until_at is null then cardinality(%(ends)s::timestamptz[])
            else width_bucket(held_until_at, %(ends)s::timestamptz[])
        end as last_end
    from marts.fct_customer_packages
    where
        (%(by_package)s or package_id = %(package_id)s)
        and (%(is_unfiltered)s or customer_id in (select asked_customers.customer_id from asked_customers))
    offset '0' -- each span's ends are looked up once, not for each state it meets (a plain 0 keeps plans from being parallel)
),

-- the states of a month start that one end is read from
opening as not materialized (
    select
        state.customer_id,
        checkpoints.first_end as at_end,
        state.currency,
        state.balance_amount,
        state.first_paid_use_at,
        coalesce(state.last_paid_use_at >= (%(active_since)s::timestamptz[])[checkpoints.first_end], false)
            as is_active
    from checkpoints
    inner join marts.fct_customer_month_start as state on checkpoints.checkpoint_at = state.month_start_at
    where
        %(walk_from)s::timestamptz is null
        and state.is_existing
        and (
            state.valid_to is null
            or state.valid_to >= checkpoints.first_end_at
            or checkpoints.checkpoint_at > checkpoints.first_end_at
        )
),

-- all other states with the ends that they answer for, to be added or taken off
moving as not materialized (
    -- of the month start that many ends are read from
    select
        state.customer_id,
        1 as sign,
        1 as first_end,
        case
            when state.valid_to is null then cardinality(%(ends)s::timestamptz[])
            else width_bucket(state.valid_to, %(ends)s::timestamptz[])
        end as last_end,
        state.currency,
        state.balance_amount,
        state.first_paid_use_at,
        state.last_paid_use_at
    from marts.fct_customer_month_start as state
    where state.month_start_at = %(walk_from)s and state.is_existing

    union all

    -- begun between the month start and an end after it
    select
        state.customer_id,
        1 as sign,
        greatest(width_bucket(state.valid_from, %(ends)s::timestamptz[]) + 1, checkpoints.first_end) as first_end,
        least(
            case
                when state.valid_to is null then checkpoints.last_end
                else width_bucket(state.valid_to, %(ends)s::timestamptz[])
            end,
            checkpoints.last_end
        ) as last_end,
        state.currency,
        state.balance_amount,
        state.first_paid_use_at,
        state.last_paid_use_at
    from checkpoints
    -- month start by month start through the index; where there is but one, its bounds are known, and it is read in parallel
    inner join marts.fct_customer_history as state
        on
            state.valid_from >= coalesce(%(walk_from)s::timestamptz, checkpoints.checkpoint_at)
            and state.valid_from < coalesce(%(walk_until)s::timestamptz, checkpoints.last_end_at)
            and (state.valid_to is null or state.valid_to >= checkpoints.first_end_at)
            and state.is_existing

    union all

    -- in force at the month start, but not yet at the end before it
    select
        state.customer_id,
        -1 as sign,
        checkpoints.first_end,
        checkpoints.last_end,
        state.currency,
        state.balance_amount,
        state.first_paid_use_at,
        state.last_paid_use_at
    from checkpoints
    cross join lateral (
        select *
        from marts.fct_customer_history as begun
        where
            begun.valid_from >= checkpoints.first_end_at
            and begun.valid_from < checkpoints.checkpoint_at
            and (begun.valid_to is null or begun.valid_to >= checkpoints.checkpoint_at)
            and begun.is_existing
        offset '0'
    ) as state

    union all

    -- in force at the end, but not any more at the month start after it
    select
        state.customer_id,
        1 as sign,
        checkpoints.first_end,
        checkpoints.last_end,
        state.currency,
        state.balance_amount,
        state.first_paid_use_at,
        state.last_paid_use_at
    from checkpoints
    cross join lateral (
        select *
        from marts.fct_customer_history as ended
        where
            ended.valid_to >= checkpoints.first_end_at
            and ended.valid_to < checkpoints.checkpoint_at
            and ended.valid_from < checkpoints.first_end_at
            and ended.is_existing
        offset '0'
    ) as state
),

moving_of_members as not materialized (
    select
        null::bigint as package_id,
        moving.*
    from moving
    where %(is_unfiltered)s and not %(by_package)s and %(package_id)s::bigint is null

    union all

    select
        null::bigint as package_id,
        moving.*
    from moving
    inner join asked_customers on moving.customer_id = asked_customers.customer_id
    where not %(is_unfiltered)s and not %(by_package)s and %(package_id)s::bigint is null

    union all

    select
        grouped.package_id,
        moving.customer_id,
        moving.sign,
        -- what is not joined is empty, and limits nothing
        greatest(moving.first_end, asked.first_end, grouped.first_end) as first_end,
        least(moving.last_end, asked.last_end, grouped.last_end) as last_end,
        moving.currency,
        moving.balance_amount,
        moving.first_paid_use_at,
        moving.last_paid_use_at
    from moving
    left join held as asked on moving.customer_id = asked.customer_id and asked.package_id = %(package_id)s
    left join held as grouped on %(by_package)s and moving.customer_id = grouped.customer_id
    where
        (%(by_package)s or %(package_id)s::bigint is not null)
        and (%(package_id)s::bigint is null or asked.customer_id is not null)
        and (not %(by_package)s or grouped.customer_id is not null)
),

-- counted and summed by all that matters to the blocks: of customers that pass; where rows are by package, in the row of
-- each package held then (without one if none is); where one package is asked for, of its holders. The bulk is grouped by
-- what the planner knows to be few values, so that it does so in parallel.
groups as materialized (
    select
        null::bigint as package_id,
        opening.currency,
        opening.balance_amount > 0 as is_positive,
        opening.first_paid_use_at is not null as is_paid,
        opening.at_end as first_end,
        opening.at_end as last_end,
        case when opening.is_active then opening.at_end else 0 end as last_active_end,
        1 as sign,
        count(*) as customers,
        sum(opening.balance_amount) as balance
    from opening
    where %(is_unfiltered)s and not %(by_package)s and %(package_id)s::bigint is null
    group by opening.currency, 3, 4, opening.is_active, opening.at_end

    union all

    select
        null::bigint as package_id,
        opening.currency,
        opening.balance_amount > 0 as is_positive,
        opening.first_paid_use_at is not null as is_paid,
        opening.at_end as first_end,
        opening.at_end as last_end,
        case when opening.is_active then opening.at_end else 0 end as last_active_end,
        1 as sign,
        count(*) as customers,
        sum(opening.balance_amount) as balance
    from opening
    inner join asked_customers on opening.customer_id = asked_customers.customer_id
    where not %(is_unfiltered)s and not %(by_package)s and %(package_id)s::bigint is null
    group by opening.currency, 3, 4, opening.is_active, opening.at_end

    union all

    select
        grouped.package_id,
        opening.currency,
        opening.balance_amount > 0 as is_positive,
        opening.first_paid_use_at is not null as is_paid,
        opening.at_end as first_end,
        opening.at_end as last_end,
        case when opening.is_active then opening.at_end else 0 end as last_active_end,
        1 as sign,
        count(*) as customers,
        sum(opening.balance_amount) as balance
    from opening
    left join held as asked
        on
            opening.customer_id = asked.customer_id
            and asked.package_id = %(package_id)s
            and opening.at_end between asked.first_end and asked.last_end
    left join held as grouped
        on
            %(by_package)s
            and opening.customer_id = grouped.customer_id
            and opening.at_end between grouped.first_end and grouped.last_end
    where
        (%(by_package)s or %(package_id)s::bigint is not null)
        and (%(package_id)s::bigint is null or asked.customer_id is not null)
        and (not %(by_package)s or grouped.customer_id is not null)
    group by grouped.package_id, opening.currency, 3, 4, opening.is_active, opening.at_end

    union all

    select
        package_id,
        currency,
        balance_amount > 0 as is_positive,
        first_paid_use_at is not null as is_paid,
        first_end,
        last_end,
        -- the last end at which the last paid use is still within the N months before it
        case
            when last_paid_use_at is null then 0
            else least(last_end, width_bucket(last_paid_use_at, %(active_since)s::timestamptz[]))
        end as last_active_end,
        sign,
        count(*) as customers,
        sum(balance_amount) as balance
    from moving_of_members
    -- where rows are by package, most pairs of state and span share no end
    where (not %(by_package)s and %(package_id)s::bigint is null) or first_end <= last_end
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- each group enters its blocks at its first end and leaves them after its last
changes as not materialized (
    select
        groups.package_id,
        groups.currency,
        groups.is_positive,
        change.at_end,
        sum(change.direction * groups.customers) filter (where change.is_of_all) as all_qty,
        sum(change.direction * groups.balance) filter (where change.is_of_all) as all_balance,
        sum(change.direction * groups.customers) filter (where change.is_of_all and groups.is_paid) as overall_qty,
        sum(change.direction * groups.balance) filter (where change.is_of_all and groups.is_paid) as overall_balance,
        sum(change.direction * groups.customers) filter (where not change.is_of_all) as active_qty,
        sum(change.direction * groups.balance) filter (where not change.is_of_all) as active_balance
    from groups
    cross join lateral (
        values
        (groups.first_end, groups.sign, true),
        (groups.last_end + 1, -groups.sign, true),
        (case when groups.last_active_end >= groups.first_end then groups.first_end end, groups.sign, false),
        (case when groups.last_active_end >= groups.first_end then groups.last_active_end + 1 end, -groups.sign, false)
    ) as change (at_end, direction, is_of_all)
    where
        groups.first_end <= groups.last_end
        and change.at_end <= cardinality(%(ends)s::timestamptz[])
    group by 1, 2, 3, 4
),

sums as materialized (
    select
        parts.package_id,
        parts.currency,
        parts.is_positive,
        ends.number as period,
        ends.rate_date,
        coalesce(sum(changes.all_qty) over running, 0) as all_qty,
        coalesce(sum(changes.all_balance) over running, 0) as all_balance,
        coalesce(sum(changes.overall_qty) over running, 0) as overall_qty,
        coalesce(sum(changes.overall_balance) over running, 0) as overall_balance,
        coalesce(sum(changes.active_qty) over running, 0) as active_qty,
        coalesce(sum(changes.active_balance) over running, 0) as active_balance
    from (select distinct package_id, currency, is_positive from groups) as parts
    cross join unnest(%(rate_dates)s::date[]) with ordinality as ends (rate_date, number)
    left join changes
        on
            parts.package_id is not distinct from changes.package_id
            and parts.currency = changes.currency
            and parts.is_positive = changes.is_positive
            and ends.number = changes.at_end
    window running as (partition by parts.package_id, parts.currency, parts.is_positive order by ends.number)
),

rates as materialized (
    select
        needed.currency,
        needed.rate_date,
        case
            when needed.currency = %(currency)s then 1
            else marts.exchange_rate(needed.currency, %(currency)s, needed.rate_date)
        end as rate
    from (select distinct currency, rate_date from sums where all_balance != 0) as needed
)

select
    sums.period,
    sums.package_id,
    sum(sums.active_qty) as active_qty,
    coalesce(sum(sums.active_balance * rates.rate) filter (where sums.is_positive), 0) as active_positive,
    coalesce(sum(sums.active_balance * rates.rate) filter (where not sums.is_positive), 0) as active_negative,
    sum(sums.overall_qty) as overall_qty,
    coalesce(sum(sums.overall_balance * rates.rate) filter (where sums.is_positive), 0) as overall_positive,
    coalesce(sum(sums.overall_balance * rates.rate) filter (where not sums.is_positive), 0) as overall_negative,
    sum(sums.all_qty) as all_qty,
    coalesce(sum(sums.all_balance * rates.rate) filter (where sums.is_positive), 0) as all_positive,
    coalesce(sum(sums.all_balance * rates.rate) filter (where not sums.is_positive), 0) as all_negative,
    array_agg(rates.rate_date) filter (where rates.currency is not null and rates.rate is null)
        as missing_rate_dates,
    array_agg(rates.currency) filter (where rates.currency is not null and rates.rate is null)
        as missing_rate_currencies
from sums
left join rates on sums.currency = rates.currency and sums.rate_date = rates.rate_date
group by sums.period, sums.package_id
