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
group by 1, 2
