{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['customer_id', 'valid_from'],
    full_refresh=false,
    meta={'changed_key': ['customer_id'], 'inputs': ['dim_customer']},
) }}

with customers as (
    select *
    from {{ ref('dim_customer') }}
    where {{ is_changed('customer_id') }}
),

customer_rows as (
    select
        id as customer_id,
        updated_at,
        _deleted_at as vanished_at
    from {{ source('billing', 'customers') }}
    where {{ is_changed('id') }}
),

customer_tags as (
    select
        customer_id,
        _load_id as load_id
    from {{ source('billing', 'customer_tags') }}
    where {{ is_changed('customer_id') }}
),

loads as (
    select * from {{ source('billing', 'load_log') }}
),

-- what each customer was last; a first build knows of nothing before it
last_versions as (
    {% if is_incremental() %}
        select distinct on (customer_id) *
        from {{ this }}
        where {{ is_changed('customer_id') }}
        order by customer_id asc, valid_from desc
    {% else %}
        select
            *,
            created_at as valid_from,
            null::timestamptz as valid_to
        from customers
        where false
    {% endif %}
),

-- tags carry no time of their own: theirs is the as_of of the load that brought the latest of them, or missed it
tag_changes as (
    select
        customer_tags.customer_id,
        max(loads.as_of) as changed_at
    from customer_tags
    inner join loads on customer_tags.load_id = loads.load_id
    group by customer_tags.customer_id
),

compared as (
    select
        customers.*,
        customer_rows.updated_at,
        tag_changes.changed_at as tags_changed_at,
        last_versions.valid_from as last_valid_from,
        last_versions.valid_to as last_valid_to,
        last_versions.customer_id is null as is_new,
        last_versions.valid_to is not null as is_back,
        (last_versions.tags is distinct from customers.tags) as has_other_tags,
        (
            last_versions.company_id is distinct from customers.company_id
            or last_versions.owner_user_id is distinct from customers.owner_user_id
            or last_versions.name is distinct from customers.name
            or last_versions.customer_type is distinct from customers.customer_type
            or last_versions.currency is distinct from customers.currency
            or last_versions.created_at is distinct from customers.created_at
            or last_versions.deleted_at is distinct from customers.deleted_at
        ) as has_other_attributes
    from customers
    inner join customer_rows on customers.customer_id = customer_rows.customer_id
    left join last_versions on customers.customer_id = last_versions.customer_id
    left join tag_changes on customers.customer_id = tag_changes.customer_id
),

new_versions as (
    select
        customer_id,
        case
            when is_new then created_at
            -- a change that comes no later than the version it changes replaces that version
            else greatest(
                last_valid_from,
                last_valid_to,
                case when has_other_tags then tags_changed_at end,
                case when has_other_attributes or is_back then updated_at end
            )
        end as valid_from,
        null::timestamptz as valid_to,
        company_id,
        owner_user_id,
        name,
        customer_type,
        tags,
        currency,
        created_at,
        deleted_at
    from compared
    where is_new or is_back or has_other_tags or has_other_attributes
),

-- the version that a later one ends
followed_versions as (
    select
        last_versions.customer_id,
        last_versions.valid_from,
        new_versions.valid_from as valid_to,
        last_versions.company_id,
        last_versions.owner_user_id,
        last_versions.name,
        last_versions.customer_type,
        last_versions.tags,
        last_versions.currency,
        last_versions.created_at,
        last_versions.deleted_at
    from last_versions
    inner join new_versions
        on
            last_versions.customer_id = new_versions.customer_id
            and last_versions.valid_from < new_versions.valid_from
    where last_versions.valid_to is null
),

-- the version that ends with its customer, found gone from the source by a sweep
vanished_versions as (
    select
        last_versions.customer_id,
        last_versions.valid_from,
        greatest(last_versions.valid_from, customer_rows.vanished_at) as valid_to,
        last_versions.company_id,
        last_versions.owner_user_id,
        last_versions.name,
        last_versions.customer_type,
        last_versions.tags,
        last_versions.currency,
        last_versions.created_at,
        last_versions.deleted_at
    from last_versions
    inner join customer_rows on last_versions.customer_id = customer_rows.customer_id
    where
        last_versions.valid_to is null
        and customer_rows.vanished_at is not null
)

select * from new_versions
union all
select * from followed_versions
union all
select * from vanished_versions
