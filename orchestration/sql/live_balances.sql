-- Customers whose movements up to `as_of` do not add up to the balance that the source keeps.
-- What is set aside moved the source's balance, too: it is told by its own check, and is no difference here.
-- A customer that moved after the run began was read at two moments: it is unsettled until the next run.
select
    customer.customer_id,
    coalesce(ledger.balance_amount, 0) as ledger_amount,
    customer.live_balance_amount,
    customer.currency,
    source.updated_at > %(as_of)s
    or exists (
        select from raw_billing.transactions as movement
        where movement.customer_id = customer.customer_id and movement.updated_at > %(as_of)s
    ) as is_unsettled
from marts.dim_customer as customer
inner join raw_billing.customers as source on source.id = customer.customer_id
left join marts.fct_customer_history as ledger
    on ledger.customer_id = customer.customer_id
    and ledger.valid_from <= %(as_of)s and (ledger.valid_to is null or ledger.valid_to > %(as_of)s)
left join (
    select customer_id, currency, sum(amount) as amount
    from marts.fct_transactions_rejected
    where confirmed_at <= %(as_of)s
    group by customer_id, currency
) as set_aside on set_aside.customer_id = customer.customer_id and set_aside.currency = customer.currency
where (customer.deleted_at is null or customer.deleted_at > %(as_of)s)
    and coalesce(ledger.balance_amount, 0) + coalesce(set_aside.amount, 0) <> customer.live_balance_amount
order by customer.customer_id
