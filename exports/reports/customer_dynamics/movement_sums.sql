-- From `movements`, summed by day and currency, to the sums of each row (period and package) and of Total
-- (period 0).
, rates as materialized (
    select
        needed.day,
        needed.currency,
        case
            when needed.currency = %(currency)s then 1
            else marts.exchange_rate(needed.currency, %(currency)s, (%(day_dates)s::date[])[needed.day])
        end as rate
    from (select distinct day, currency from movements where needs_rate) as needed
),

converted as (
    select
        movements.is_of_period,
        movements.is_of_total,
        movements.package_id,
        movements.measure,
        movements.counted,
        (%(day_periods)s::int[])[movements.day] as period,
        movements.amount * rates.rate as converted_amount,
        case
            when rates.currency is not null and rates.rate is null
                then (%(day_dates)s::date[])[movements.day] || ' ' || movements.currency
        end as missing_rate
    from movements
    left join rates on movements.day = rates.day and movements.currency = rates.currency
),

placed as (
    -- period 0 here: a day of a period that is left out, told in Total alone
    select converted.*, period as row_period, package_id as row_package_id
    from converted
    where is_of_period and period > 0
    union all
    select converted.*, 0 as row_period, null as row_package_id from converted where is_of_total
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
    array_agg(distinct missing_rate) filter (where missing_rate is not null) as missing_rates
from placed
group by row_period, row_package_id
