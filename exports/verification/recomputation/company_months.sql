-- name: companies
-- Every company that was extracted and has not vanished from the source, with the company above it.
select
    company.id,
    company.parent_id,
    company.time_zone,
    upper(btrim(company.currency, e' \t\n\r\f\v')) as currency,
    coalesce(held.customers, 0) as customers
from raw_billing.companies as company
left join (
    select
        customer.company_id,
        count(*) as customers
    from raw_billing.customers as customer
    where customer._deleted_at is null
    group by customer.company_id
) as held on company.id = held.company_id
where company._deleted_at is null
order by company.id;

-- name: reach
-- Up to where the series by day was built.
select max(daily.as_of_at) as reaches
from marts.customer_dynamics_daily as daily;

-- name: stored
-- What the series by day and by month hold of a company in one calendar month; a row of the month has no local_date.
-- A series without readings is one of branches.
select
    to_jsonb(daily)::text as shown,
    coalesce(to_jsonb(daily) ->> 'reading', 'branch') as reading,
    daily.local_date,
    daily.active_duration_months,
    daily.as_of_at
from marts.customer_dynamics_daily as daily
where
    daily.company_id = %(company_id)s
    and daily.local_date between %(month)s and (%(month)s + interval '1 month' - interval '1 day')::date

union all

select
    to_jsonb(monthly)::text,
    coalesce(to_jsonb(monthly) ->> 'reading', 'branch'),
    null,
    monthly.active_duration_months,
    monthly.as_of_at
from marts.customer_dynamics_monthly as monthly
where monthly.company_id = %(company_id)s and monthly.month_start_date = %(month)s;

-- name: states
-- By currency, block and day: how many customers of these companies come into the block on that day, and with which
-- balances; what leaves it counts as negative. Days are numbered from 1; a day's figures are the sums up to it.
-- `as_ofs` are the days' ends, `windows_N` the first instants of the N months before them.
with customers as (
    select
        customer.id as customer_id,
        upper(btrim(customer.currency, e' \t\n\r\f\v')) as currency,
        width_bucket(customer.created_at, %(as_ofs)s::timestamptz[]) + 1 as first_day,
        coalesce(
            width_bucket(customer.deleted_at, %(as_ofs)s::timestamptz[]), cardinality(%(as_ofs)s::timestamptz[])
        ) as last_day
    from raw_billing.customers as customer
    where customer._deleted_at is null and customer.company_id = any(%(company_ids)s::bigint[])
),

daily as (
    select
        customers.customer_id,
        width_bucket(movement.confirmed_at, %(as_ofs)s::timestamptz[]) + 1 as day_number,
        sum(movement.amount) as amount,
        max(movement.confirmed_at) filter (
            where
                lower(btrim(movement.kind, e' \t\n\r\f\v')) in ('service_charge', 'activation_fee', 'subscription_fee')
                and movement.amount <> 0
        ) as last_paid_use_at
    from customers
    inner join raw_billing.transactions as movement
        on
            customers.customer_id = movement.customer_id
            and customers.currency = upper(btrim(movement.currency, e' \t\n\r\f\v'))
    where
        movement._deleted_at is null
        and movement.confirmed_at < (%(as_ofs)s::timestamptz[])[cardinality(%(as_ofs)s::timestamptz[])]
        and (movement.deleted_at is null or movement.deleted_at > %(data_through)s)
        and lower(btrim(movement.kind, e' \t\n\r\f\v')) in (
            'payment', 'service_charge', 'activation_fee', 'subscription_fee', 'extra_charge'
        )
    group by 1, 2

    union all

    -- everyone has a state on the first day, moved or not: of two rows of one day the first ends before it begins
    select
        customers.customer_id,
        1,
        0,
        null
    from customers
),

states as (
    select
        daily.customer_id,
        daily.day_number,
        sum(daily.amount) over so_far as balance,
        max(daily.last_paid_use_at) over so_far as last_paid_use_at,
        lead(daily.day_number) over so_far as next_day
    from daily
    window so_far as (partition by daily.customer_id order by daily.day_number)
),

held as (
    select
        customers.currency,
        greatest(states.day_number, customers.first_day) as first_day,
        least(coalesce(states.next_day - 1, customers.last_day), customers.last_day) as last_day,
        states.balance,
        states.last_paid_use_at
    from states
    inner join customers on states.customer_id = customers.customer_id
),

-- few combinations of days: counted together before they are taken apart by block
counted as (
    select
        held.currency,
        held.first_day,
        held.last_day,
        case when held.last_paid_use_at is null then 0 else held.last_day end as overall_last_day,
        least(held.last_day, width_bucket(held.last_paid_use_at, %(windows_1)s::timestamptz[])) as last_day_1,
        least(held.last_day, width_bucket(held.last_paid_use_at, %(windows_3)s::timestamptz[])) as last_day_3,
        least(held.last_day, width_bucket(held.last_paid_use_at, %(windows_6)s::timestamptz[])) as last_day_6,
        least(held.last_day, width_bucket(held.last_paid_use_at, %(windows_12)s::timestamptz[])) as last_day_12,
        held.last_paid_use_at is null as is_unpaid,
        count(*) as customers,
        coalesce(sum(held.balance) filter (where held.balance > 0), 0) as balance_pos,
        coalesce(sum(held.balance) filter (where held.balance < 0), 0) as balance_neg
    from held
    where held.first_day <= held.last_day
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)

select
    counted.currency,
    block.name as block,
    step.day_number,
    sum(step.direction * counted.customers)::bigint as customers,
    sum(step.direction * counted.balance_pos) as balance_pos,
    sum(step.direction * counted.balance_neg) as balance_neg
from counted
cross join lateral (
    values
    ('all', counted.last_day),
    ('overall_active', counted.overall_last_day),
    ('active_1', case when counted.is_unpaid then 0 else counted.last_day_1 end),
    ('active_3', case when counted.is_unpaid then 0 else counted.last_day_3 end),
    ('active_6', case when counted.is_unpaid then 0 else counted.last_day_6 end),
    ('active_12', case when counted.is_unpaid then 0 else counted.last_day_12 end)
) as block (name, last_day)
cross join lateral (
    values (counted.first_day, 1), (block.last_day + 1, -1)
) as step (day_number, direction)
where counted.first_day <= block.last_day
group by counted.currency, block.name, step.day_number
order by step.day_number;

-- name: movements
-- By currency and day: refills, pay as you go, activations and renewals of these companies' customers. Days are numbered
-- from 1; `starts` are their first instants, `ends_at` is the end of the last one.
with movements as (
    select
        movement.confirmed_at,
        movement.amount,
        movement.package_id,
        lower(btrim(movement.kind, e' \t\n\r\f\v')) as kind,
        upper(btrim(movement.currency, e' \t\n\r\f\v')) as currency
    from raw_billing.transactions as movement
    inner join raw_billing.customers as customer
        on
            movement.customer_id = customer.id
            and upper(btrim(movement.currency, e' \t\n\r\f\v'))
            = upper(btrim(customer.currency, e' \t\n\r\f\v'))
    where
        movement._deleted_at is null
        and customer._deleted_at is null
        and customer.company_id = any(%(company_ids)s::bigint[])
        and movement.confirmed_at >= (%(starts)s::timestamptz[])[1]
        and movement.confirmed_at < %(ends_at)s
        and (movement.deleted_at is null or movement.deleted_at > %(data_through)s)
)

select
    movement.currency,
    width_bucket(movement.confirmed_at, %(starts)s::timestamptz[]) as day_number,
    sum(case when movement.kind = 'payment' and movement.amount > 0 then 1 else 0 end)::bigint as refill_count,
    sum(case when movement.kind = 'payment' then movement.amount else 0 end) as refill_amount,
    sum(
        case when movement.kind = 'service_charge' and movement.package_id is null then -movement.amount else 0 end
    ) as pay_as_you_go_amount,
    sum(case when movement.kind = 'activation_fee' and movement.amount <= 0 then 1 else 0 end)::bigint
        as activation_count,
    sum(case when movement.kind = 'activation_fee' then -movement.amount else 0 end) as activation_amount,
    sum(case when movement.kind = 'subscription_fee' and movement.amount <= 0 then 1 else 0 end)::bigint
        as renewal_count,
    sum(case when movement.kind = 'subscription_fee' then -movement.amount else 0 end) as renewal_amount
from movements as movement
group by 1, 2;
