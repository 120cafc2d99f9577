-- in order: the same currency, the pair as published, the pair turned round, through the first base that has both
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
)

select
    coalesce(
        case when $1 = $2 then 1::numeric end,
        (
            select direct.rate
            from {{ ref('fct_exchange_rates').include(database=false) }} as direct
            where
                direct.base_currency = $1
                and direct.currency = $2
                and direct.rate_date <= $3
            order by direct.rate_date desc
            limit 1
        ),
        (
            select round(1::numeric(80, 40) / inverse.rate, 40)
            from {{ ref('fct_exchange_rates').include(database=false) }} as inverse
            where
                inverse.base_currency = $2
                and inverse.currency = $1
                and inverse.rate_date <= $3
            order by inverse.rate_date desc
            limit 1
        ),
        (
            select round(into_target.rate::numeric(80, 40) / out_of_source.rate, 40)
            from bases as base
            cross join lateral (
                select leg.rate
                from {{ ref('fct_exchange_rates').include(database=false) }} as leg
                where
                    leg.base_currency = base.base_currency
                    and leg.currency = $1
                    and leg.rate_date <= $3
                order by leg.rate_date desc
                limit 1
            ) as out_of_source
            cross join lateral (
                select leg.rate
                from {{ ref('fct_exchange_rates').include(database=false) }} as leg
                where
                    leg.base_currency = base.base_currency
                    and leg.currency = $2
                    and leg.rate_date <= $3
                order by leg.rate_date desc
                limit 1
            ) as into_target
            order by base.base_currency
            limit 1
        )
    )
