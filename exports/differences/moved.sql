-- Movements whose raw row was brought or changed by a load that the earlier result does not know, as they are now, and
-- what that means for a result of then. Of a row entered later and gone again, neither result knows.
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
    and movement.customer_id in (select passing.customer_id from passing)
