-- name: customer_ids
-- Every customer that was extracted or that the marts know.
select customer.id
from raw_billing.customers as customer
where customer._deleted_at is null
union
select known.customer_id
from marts.dim_customer as known;

-- name: differences
-- Balance, first and last paid use of the customers asked for, summed up from what was extracted: at data through, at
-- their creation and deletion, and around some of their movements; only what the history shows otherwise comes back.
-- `seed` draws the movements: another one looks at others.
with asked as (
    select unnest(%(customer_ids)s::bigint[]) as customer_id
),

customers as (
    select
        customer.id as customer_id,
        upper(btrim(customer.currency, e' \t\n\r\f\v')) as currency,
        customer.created_at,
        customer.deleted_at
    from asked
    inner join raw_billing.customers as customer on asked.customer_id = customer.id
    where customer._deleted_at is null
),

movements as (
    select
        customers.customer_id,
        movement.id,
        movement.confirmed_at,
        movement.amount,
        (
            lower(btrim(movement.kind, e' \t\n\r\f\v')) in ('service_charge', 'activation_fee', 'subscription_fee')
            and movement.amount <> 0
        ) as is_paid_use
    from customers
    inner join raw_billing.transactions as movement
        on
            customers.customer_id = movement.customer_id
            and customers.currency = upper(btrim(movement.currency, e' \t\n\r\f\v'))
    where
        movement._deleted_at is null
        and movement.confirmed_at is not null
        and (movement.deleted_at is null or movement.deleted_at > %(data_through)s)
        and lower(btrim(movement.kind, e' \t\n\r\f\v')) in (
            'payment', 'service_charge', 'activation_fee', 'subscription_fee', 'extra_charge'
        )
),

drawn as (
    select
        movements.customer_id,
        movements.confirmed_at,
        row_number() over (
            partition by movements.customer_id order by md5(concat(movements.id, '|', %(seed)s::text)), movements.id
        ) as position
    from movements
),

instants as (
    select
        customers.customer_id,
        looked.at
    from customers
    cross join lateral (
        values
        (%(data_through)s::timestamptz),
        (customers.created_at),
        (customers.deleted_at),
        (customers.deleted_at - interval '1 microsecond')
    ) as looked (at)
    where looked.at <= %(data_through)s
    union
    select
        drawn.customer_id,
        looked.at
    from drawn
    cross join lateral (
        values (drawn.confirmed_at), (drawn.confirmed_at - interval '1 microsecond')
    ) as looked (at)
    where drawn.position <= 4 and looked.at <= %(data_through)s
),

recomputed as (
    select
        instants.customer_id,
        instants.at,
        coalesce(sum(movements.amount), 0) as balance_amount,
        min(movements.confirmed_at) filter (where movements.is_paid_use) as first_paid_use_at,
        max(movements.confirmed_at) filter (where movements.is_paid_use) as last_paid_use_at
    from instants
    left join movements
        on instants.customer_id = movements.customer_id and movements.confirmed_at <= instants.at
    group by instants.customer_id, instants.at
),

compared as (
    select
        recomputed.customer_id,
        recomputed.at,
        looked.name,
        looked.stored,
        looked.recomputed
    from recomputed
    inner join customers on recomputed.customer_id = customers.customer_id
    left join marts.fct_customer_history as history
        on
            recomputed.customer_id = history.customer_id
            and recomputed.at >= history.valid_from
            and (history.valid_to is null or recomputed.at < history.valid_to)
    cross join lateral (
        values
        (
            'balance_amount',
            trim_scale(coalesce(history.balance_amount, 0))::text,
            trim_scale(recomputed.balance_amount)::text
        ),
        ('first_paid_use_at', history.first_paid_use_at::text, recomputed.first_paid_use_at::text),
        ('last_paid_use_at', history.last_paid_use_at::text, recomputed.last_paid_use_at::text),
        (
            'is_existing',
            coalesce(history.is_existing, false)::text,
            (
                recomputed.at >= customers.created_at
                and (customers.deleted_at is null or recomputed.at < customers.deleted_at)
            )::text
        )
    ) as looked (name, stored, recomputed)
)

select
    compared.customer_id,
    compared.at,
    compared.name,
    compared.stored,
    compared.recomputed
from compared
where compared.stored is distinct from compared.recomputed

union all

select
    asked.customer_id,
    null,
    'customer',
    case when exists (
        select from marts.fct_customer_history as history where history.customer_id = asked.customer_id
    ) then 'in the history' else 'not in the history' end,
    case when customers.customer_id is null then 'not extracted' else 'extracted' end
from asked
left join customers on asked.customer_id = customers.customer_id
where
    (customers.customer_id is not null)
    <> exists (select from marts.fct_customer_history as history where history.customer_id = asked.customer_id)

order by 1, 2, 3;
