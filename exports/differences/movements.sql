-- Movements whose raw row was brought or changed by a load that the earlier result does not know, as they are now, and
-- what that means for a result of then: late, changed and deleted ones before new ones, the first of them, and one at least
-- of each kind of change, with how many there are of it. Of a row entered later and gone again, neither result knows.
with moved as (
    select
        movement.id as transaction_id,
        movement.customer_id,
        movement.confirmed_at,
        lower(btrim(movement.kind, e' \t\n\r\f\v')) as kind,
        movement.amount,
        upper(btrim(movement.currency, e' \t\n\r\f\v')) as currency,
        movement.package_id,
        load.as_of as loaded_as_of,
        coalesce(movement.confirmed_at < %(starts_at)s, false) as is_before_the_interval,
        case
            when load.as_of > %(known_later)s then 'changed again'
            when movement._deleted_at is not null or movement.deleted_at <= %(known_later)s then 'deleted'
            when movement.confirmed_at is null then 'unconfirmed'
            when movement.confirmed_at >= %(known_earlier)s then 'new'
            when movement.created_at > %(known_earlier)s then 'late'
            else 'changed'
        end as what
    from raw_billing.transactions as movement
    inner join raw_billing.load_log as load on movement._load_id = load.load_id
    where
        load.table_name = 'transactions'
        and load.as_of > %(known_earlier)s
        and coalesce(movement.confirmed_at, movement.created_at) < %(ends_at)s
        and movement.created_at <= %(known_later)s
        and (
            movement.created_at <= %(known_earlier)s
            or (
                movement.confirmed_at is not null
                and (movement.deleted_at is null or movement.deleted_at > %(known_later)s)
                and movement._deleted_at is null
            )
        )
        -- the customers that pass the filters of both results, as they are now
        and movement.customer_id in (
            select customer.customer_id
            from marts.filtered_customers(%(client_type)s, %(tags)s, %(owner_user_id)s, %(branches)s)
                as customer (customer_id)
        )
),

ranked as (
    select
        *,
        count(*) over (partition by what) as movement_count,
        row_number() over (partition by what order by transaction_id) as number_of_its_kind,
        row_number() over (
            order by what = 'changed again', what = 'new', is_before_the_interval, confirmed_at, transaction_id
        ) as number
    from moved
)

select
    transaction_id,
    customer_id,
    confirmed_at,
    kind,
    amount,
    currency,
    package_id,
    loaded_as_of,
    is_before_the_interval,
    what,
    movement_count,
    number <= %(most)s and what != 'changed again' as is_listed
from ranked
where number <= %(most)s or number_of_its_kind = 1
order by number
