with rates as (
    select
        {{ currency_code('base_currency') }} as base_currency,
        {{ currency_code('currency') }} as currency,
        rate_date,
        rate,
        -- neither NaN nor infinity can be counted with
        coalesce(rate > 0 and rate < 'infinity', false) as is_above_zero,
        updated_at,
        base_currency as source_base_currency,
        currency as source_currency
    from {{ source('billing', 'exchange_rates') }}
    where _deleted_at is null
),

numbered as (
    select
        *,
        row_number() over (
            partition by base_currency, currency, rate_date
            order by is_above_zero desc, updated_at desc, source_base_currency asc, source_currency asc
        ) as spelling_number
    from rates
)

select
    base_currency,
    currency,
    rate_date,
    rate,
    updated_at,
    case
        when not is_above_zero then 'a rate is above zero'
        when spelling_number > 1 then 'the pair has another rate of the date, written otherwise and changed later'
    end as rejection_reason
from numbered
