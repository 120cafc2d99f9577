-- Customers whose confirmed movements in raw do not add up to the last balance of their history, or are set aside.
with extracted as (
    select customer_id, sum(amount) as amount
    from raw_billing.transactions
    where confirmed_at < 'infinity' and _deleted_at is null
        and not coalesce(
            deleted_at <= (select data_through_at from marts.data_through where source = 'billing'), false
        )
    group by customer_id
),

set_aside as (
    select customer_id, sum(amount) as amount
    from marts.fct_transactions_rejected
    group by customer_id
),

kept as (
    select customer_id, balance_amount as amount
    from marts.fct_customer_history
    where valid_to is null
)

select
    coalesce(extracted.customer_id, kept.customer_id) as customer_id,
    coalesce(extracted.amount, 0) as extracted_amount,
    coalesce(set_aside.amount, 0) as set_aside_amount,
    coalesce(kept.amount, 0) as ledger_amount
from extracted
full join kept on kept.customer_id = extracted.customer_id
left join set_aside on set_aside.customer_id = coalesce(extracted.customer_id, kept.customer_id)
where coalesce(extracted.amount, 0) <> coalesce(kept.amount, 0) + coalesce(set_aside.amount, 0)
order by 1
