-- Every way from the one currency to the other, as old as the rate it rests on: the freshest counts. Of equally fresh ones the
-- pair as published, then the pair turned round, then the way through the first base by name that has both.
with recursive bases as (
    -- each base found by stepping over the index, not by reading every rate
    select min(base_currency) as base_currency
    from {{ ref('fct_exchange_rates').include(database=false) }}
    union all
    select (
        select min(later.base_currency)
        from {{ ref('fct_exchange_rates').include(database=false) }} as later
        where later.base_currency > bases.base_currency
    )
    from bases
    where bases.base_currency is not null
),

direct as (
    select
        rate_date,
        1 as preference,
        null::text as base_currency,
        rate
    from {{ ref('fct_exchange_rates').include(database=false) }}
    where base_currency = $1 and currency = $2 and rate_date <= $3
    order by rate_date desc
    limit 1
),

inverse as (
    select
        rate_date,
        2 as preference,
        null::text as base_currency,
        round(1::numeric(80, 40) / rate, 40) as rate
    from {{ ref('fct_exchange_rates').include(database=false) }}
    where base_currency = $2 and currency = $1 and rate_date <= $3
    order by rate_date desc
    limit 1
),

-- as old as the older of its two
crossed as (
    select
        least(out_of_source.rate_date, into_target.rate_date) as rate_date,
        3 as preference,
        bases.base_currency,
        round(into_target.rate::numeric(80, 40) / out_of_source.rate, 40) as rate
    from bases
    cross join lateral (
        select
            leg.rate_date,
            leg.rate
        from {{ ref('fct_exchange_rates').include(database=false) }} as leg
        where leg.base_currency = bases.base_currency and leg.currency = $1 and leg.rate_date <= $3
        order by leg.rate_date desc
        limit 1
    ) as out_of_source
    cross join lateral (
        select
            leg.rate_date,
            leg.rate
        from {{ ref('fct_exchange_rates').include(database=false) }} as leg
        where leg.base_currency = bases.base_currency and leg.currency = $2 and leg.rate_date <= $3
        order by leg.rate_date desc
        limit 1
    ) as into_target
),

ways as (
    select * from direct
    union all
    select * from inverse
    union all
    select * from crossed
)

select
    case
        when $1 = $2 then 1::numeric
        else (
            select rate
            from ways
            order by rate_date desc, preference asc, base_currency asc
            limit 1
        )
    end
