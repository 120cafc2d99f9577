{{ config(
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_transactions'}}},
) }}

-- every extracted transaction is a movement, or rejected, or does not count (unconfirmed or deleted)
with counts as (
    select
        (select count(*) from {{ source('billing', 'transactions') }}) as extracted_count,
        (select count(*) from {{ ref('fct_transactions') }}) as movement_count,
        (select count(*) from {{ ref('fct_transactions_rejected') }}) as rejected_count,
        (
            select count(*)
            from {{ source('billing', 'transactions') }}
            where
                _deleted_at is not null
                or {{ has_happened('deleted_at') }}
                or {{ unless_never('confirmed_at') }} is null
        ) as uncounted_count
)

select *
from counts
where extracted_count != movement_count + rejected_count + uncounted_count
