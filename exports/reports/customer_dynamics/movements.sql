-- Refills, pay as you go, activations and renewals by period and package, converted at the rate of their local date; with
-- the dates and currencies that lack a rate. Period 0 is Total, told of the whole interval without a package.
--
-- Filters by company and client type alone are answered from hourly sums; the shorter parts of hours that a local midnight
-- cuts (zones at :30 and :45) and all other filters movement by movement.
with asked_customers as not materialized (
    select customer.customer_id
    from marts.filtered_customers(%(client_type)s, %(tags)s, %(owner_user_id)s, %(branches)s) as customer (customer_id)
),

-- asked for one package, its fees alone: refills and use are those of its holders
transactions as not materialized (
    select
        customer_id,
        confirmed_at,
        measure,
        measure_count,
        measure_amount,
        currency,
        case when %(by_package)s and measure in ('activation', 'renewal') then package_id end as package_id
    from marts.fct_transactions
    where
        measure != 'other'
        and (
            %(package_id)s::bigint is null
            or (package_id = %(package_id)s and measure in ('activation', 'renewal'))
        )
),

-- who held the package asked for, and the ends of periods at which they did
holders as not materialized (
    select
        customer_id,
        case when held_after_at is null then 1 else width_bucket(held_after_at, %(ends)s::timestamptz[]) + 1 end
            as first_end,
        case
            when held_until_at is null then cardinality(%(ends)s::timestamptz[])
            else width_bucket(held_until_at, %(ends)s::timestamptz[])
        end as last_end
    from marts.fct_customer_packages
    where
        package_id = %(package_id)s
        and (%(is_unfiltered)s or customer_id in (select asked_customers.customer_id from asked_customers))
),

-- the shorter parts of the hours that a local midnight cuts
parts_of_hours as materialized (
    select
        cut.starts_at,
        part.*
    from unnest(%(part_starts)s::timestamptz[], %(part_ends)s::timestamptz[]) as cut (starts_at, ends_at)
    cross join lateral (
        select
            transactions.measure,
            transactions.currency,
            transactions.package_id,
            count(*) filter (where transactions.measure_amount != 0) as nonzero_count,
            sum(transactions.measure_count) as counted,
            sum(transactions.measure_amount) as amount
        from transactions
        where
            transactions.confirmed_at >= cut.starts_at
            and transactions.confirmed_at < cut.ends_at
            and (
                %(is_unfiltered)s
                or transactions.customer_id in (select asked_customers.customer_id from asked_customers)
            )
        group by transactions.measure, transactions.currency, transactions.package_id
    ) as part
    where %(tags)s::text[] is null and %(owner_user_id)s::bigint is null
),

-- the bulk by local day, numbered from 1
sums as not materialized (
    -- an hour that a local midnight cuts is told of the day in which its middle lies
    select
        width_bucket(hours.hour_start_at + interval '30 minutes', %(day_starts)s::timestamptz[]) as day,
        hours.measure,
        hours.currency,
        case when %(by_package)s then hours.package_id end as package_id,
        sum(hours.nonzero_count) as nonzero_count,
        sum(hours.measure_count) as counted,
        sum(hours.measure_amount) as amount
    from marts.fct_hourly_movements as hours
    where
        %(tags)s::text[] is null
        and %(owner_user_id)s::bigint is null
        and hours.hour_start_at >= %(starts_at)s::timestamptz - interval '30 minutes'
        and hours.hour_start_at < %(last_end_at)s::timestamptz - interval '30 minutes'
        and (
            %(package_id)s::bigint is null
            or (hours.package_id = %(package_id)s and hours.measure in ('activation', 'renewal'))
        )
        and (%(client_type)s::text is null or hours.customer_type = %(client_type)s)
        and (
            %(branches)s::bigint[] is null
            or hours.company_id in (
                select company.company_id from marts.branch_companies(%(branches)s) as company (company_id)
            )
        )
    group by 1, 2, 3, 4

    union all

    -- its shorter part is added to its own day, and taken off the day of the hour's middle
    select
        width_bucket(placed.instant, %(day_starts)s::timestamptz[]) as day,
        part.measure,
        part.currency,
        part.package_id,
        placed.sign * part.nonzero_count as nonzero_count,
        placed.sign * part.counted as counted,
        placed.sign * part.amount as amount
    from parts_of_hours as part
    cross join lateral (
        values
        (part.starts_at, 1),
        (date_trunc('hour', part.starts_at, 'UTC') + interval '30 minutes', -1)
    ) as placed (instant, sign)
    where placed.instant >= %(starts_at)s and placed.instant < %(last_end_at)s

    union all

    select
        width_bucket(transactions.confirmed_at, %(day_starts)s::timestamptz[]) as day,
        transactions.measure,
        transactions.currency,
        transactions.package_id,
        count(*) filter (where transactions.measure_amount != 0) as nonzero_count,
        sum(transactions.measure_count) as counted,
        sum(transactions.measure_amount) as amount
    from transactions
    inner join asked_customers on transactions.customer_id = asked_customers.customer_id
    where
        (%(tags)s::text[] is not null or %(owner_user_id)s::bigint is not null)
        and transactions.confirmed_at >= %(starts_at)s
        and transactions.confirmed_at < %(last_end_at)s
    group by 1, 2, 3, 4
),

movements as materialized (
    select
        day,
        measure,
        currency,
        package_id,
        true as is_of_period,
        true as is_of_total,
        sum(nonzero_count) > 0 as needs_rate,
        sum(counted) as counted,
        sum(amount) as amount
    from sums
    group by day, measure, currency, package_id

    union all

    -- filter by package: refills and use of those who hold it at the period's end, for Total at the last end
    select
        of_holders.day,
        of_holders.measure,
        of_holders.currency,
        null::bigint as package_id,
        of_holders.is_of_period,
        of_holders.is_of_total,
        bool_or(of_holders.measure_amount != 0) as needs_rate,
        sum(of_holders.measure_count) as counted,
        sum(of_holders.measure_amount) as amount
    from (
        select
            dated.*,
            (%(day_periods)s::int[])[dated.day] between dated.first_end and dated.last_end as is_of_period,
            cardinality(%(ends)s::timestamptz[]) between dated.first_end and dated.last_end as is_of_total
        from (
            select
                width_bucket(movement.confirmed_at, %(day_starts)s::timestamptz[]) as day,
                movement.measure,
                movement.measure_count,
                movement.measure_amount,
                movement.currency,
                holders.first_end,
                holders.last_end
            from holders
            inner join marts.fct_transactions as movement on holders.customer_id = movement.customer_id
            where
                %(package_id)s::bigint is not null
                and movement.confirmed_at >= %(starts_at)s
                and movement.confirmed_at < %(last_end_at)s
                and movement.measure in ('refill', 'pay_as_you_go')
        ) as dated
    ) as of_holders
    where of_holders.is_of_period or of_holders.is_of_total
    group by 1, 2, 3, 4, 5, 6
),

-- between two dates on which any rate was published none changes: each is looked up once for all days in between
published as materialized (
    select array_agg(distinct rate_date order by rate_date) as dates
    from marts.fct_exchange_rates
),

needed as materialized (
    select
        dated.day,
        dated.currency,
        published.dates[width_bucket((%(day_dates)s::date[])[dated.day], published.dates)] as published_on
    from (select distinct day, currency from movements where needs_rate) as dated
    cross join published
),

published_rates as materialized (
    select
        currency,
        published_on,
        marts.exchange_rate(currency, %(currency)s, published_on) as rate
    from (select distinct currency, published_on from needed where currency != %(currency)s) as looked_up
),

rates as materialized (
    select
        needed.day,
        needed.currency,
        case when needed.currency = %(currency)s then 1 else published_rates.rate end as rate
    from needed
    left join published_rates
        on needed.currency = published_rates.currency and needed.published_on = published_rates.published_on
),

converted as not materialized (
    select
        movements.*,
        movements.amount * rates.rate as converted_amount,
        (%(day_periods)s::int[])[movements.day] as period,
        rates.currency is not null and rates.rate is null as is_rate_missing
    from movements
    left join rates on movements.day = rates.day and movements.currency = rates.currency
),

-- period 0 here: a day of a period that is left out, told in Total alone
placed as not materialized (
    select
        converted.*,
        converted.period as row_period,
        converted.package_id as row_package_id
    from converted
    where converted.is_of_period and converted.period > 0

    union all

    select
        converted.*,
        0 as row_period,
        null::bigint as row_package_id
    from converted
    where converted.is_of_total
)

select
    row_period as period,
    row_package_id as package_id,
    coalesce(sum(counted) filter (where measure = 'refill'), 0) as refills,
    coalesce(sum(converted_amount) filter (where measure = 'refill'), 0) as refilled,
    coalesce(sum(converted_amount) filter (where measure = 'pay_as_you_go'), 0) as used,
    coalesce(sum(counted) filter (where measure = 'activation'), 0) as activations,
    coalesce(sum(converted_amount) filter (where measure = 'activation'), 0) as activated,
    coalesce(sum(counted) filter (where measure = 'renewal'), 0) as renewals,
    coalesce(sum(converted_amount) filter (where measure = 'renewal'), 0) as renewed,
    array_agg((%(day_dates)s::date[])[day]) filter (where is_rate_missing) as missing_rate_dates,
    array_agg(currency) filter (where is_rate_missing) as missing_rate_currencies
from placed
group by row_period, row_package_id
