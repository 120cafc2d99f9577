-- Rows of other raw tables that loads between the two results brought, changed or found gone. A customer's row changes
-- with every movement: of customers only those count that were created or deleted.
with loads as (
    select load.load_id
    from raw_billing.load_log as load
    where load.as_of > %(known_earlier)s and load.as_of <= %(known_later)s
),

counts (table_name, row_count) as (
    select
        'customers created or deleted',
        count(*)
    from raw_billing.customers as changed
    where
        changed._load_id in (select loads.load_id from loads)
        and (
            changed.created_at > %(known_earlier)s
            or changed.deleted_at > %(known_earlier)s
            or changed._deleted_at > %(known_earlier)s
        )
    union all
    select
        'customer_tags',
        count(*)
    from raw_billing.customer_tags as changed
    where changed._load_id in (select loads.load_id from loads)
    union all
    select
        'subscriptions',
        count(*)
    from raw_billing.subscriptions as changed
    where changed._load_id in (select loads.load_id from loads)
    union all
    select
        'packages',
        count(*)
    from raw_billing.packages as changed
    where changed._load_id in (select loads.load_id from loads)
    union all
    select
        'companies',
        count(*)
    from raw_billing.companies as changed
    where changed._load_id in (select loads.load_id from loads)
    union all
    select
        'exchange_rates',
        count(*)
    from raw_billing.exchange_rates as changed
    where changed._load_id in (select loads.load_id from loads)
)

select
    counts.table_name,
    counts.row_count
from counts
where counts.row_count > 0
