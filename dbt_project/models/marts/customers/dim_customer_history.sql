{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['customer_id', 'valid_from'],
    full_refresh=false,
    indexes=[{'columns': ['customer_id', 'valid_from'], 'unique': true}],
    meta={'changed_key': 'customer_id', 'change_feed': 'int_customer_changes'},
) }}
-- depends_on: {{ ref('int_customer_changes') }}

{% set attributes = [
    'company_id', 'owner_user_id', 'name', 'customer_type', 'tags', 'currency', 'created_at', 'deleted_at',
] %}

with customers as (
    select *
    from {{ ref('dim_customer') }}
    where {{ is_changed('customer_id') }}
),

{% if not is_incremental() %}
    versions as (
        select
            customers.*,
            created_at as valid_from,
            null::timestamptz as valid_to
        from customers
    )
{% else %}
    known as (
        select distinct on (customer_id) *
        from {{ this }}
        where {{ is_changed('customer_id') }}
        order by customer_id asc, valid_from desc
    ),

    change_times as (
        select
            id as customer_id,
            updated_at,
            _deleted_at as vanished_at
        from {{ source('billing', 'customers') }}
        where {{ is_changed('id') }}
    ),

    -- tags carry no time of their own: theirs is the as_of of the load that brought the latest of them, or missed it
    tag_times as (
        select
            tags.customer_id,
            max(load_log.as_of) as changed_at
        from {{ source('billing', 'customer_tags') }} as tags
        inner join {{ source('billing', 'load_log') }} as load_log on tags._load_id = load_log.load_id
        where {{ is_changed('tags.customer_id') }}
        group by tags.customer_id
    ),

    -- a change that comes no later than the version it changes replaces that version
    differing as (
        select
            customers.*,
            case
                when known.customer_id is null then customers.created_at
                else
                    greatest(
                        known.valid_from,
                        known.valid_to,
                        case when known.tags != customers.tags then tag_times.changed_at end,
                        case
                            when
                                known.valid_to is not null
                                or (
                                    {%- for name in attributes if name != 'tags' %}{{ ', ' if not loop.first }}known.{{ name }}{% endfor -%}
                                ) is distinct from (
                                    {%- for name in attributes if name != 'tags' %}{{ ', ' if not loop.first }}customers.{{ name }}{% endfor -%}
                                )
                                then change_times.updated_at
                        end
                    )
            end as valid_from
        from customers
        inner join change_times on customers.customer_id = change_times.customer_id
        left join known on customers.customer_id = known.customer_id
        left join tag_times on customers.customer_id = tag_times.customer_id
        where
            known.customer_id is null
            or known.valid_to is not null
            or ({% for name in attributes %}{{ ', ' if not loop.first }}known.{{ name }}{% endfor %})
            is distinct from ({% for name in attributes %}{{ ', ' if not loop.first }}customers.{{ name }}{% endfor %})
    ),

    versions as (
        select
            {% for name in ['customer_id'] + attributes %}{{ name }}, {% endfor %}
            valid_from,
            null::timestamptz as valid_to
        from differing

        union all

        -- the version that a later one ends
        select
            {% for name in ['customer_id'] + attributes %}known.{{ name }}, {% endfor %}
            known.valid_from,
            differing.valid_from as valid_to
        from known
        inner join differing on known.customer_id = differing.customer_id and known.valid_from < differing.valid_from
        where known.valid_to is null

        union all

        -- the version that ends with its customer, found gone from the source by a sweep
        select
            {% for name in ['customer_id'] + attributes %}known.{{ name }}, {% endfor %}
            known.valid_from,
            greatest(known.valid_from, change_times.vanished_at) as valid_to
        from known
        inner join change_times on known.customer_id = change_times.customer_id
        where
            known.valid_to is null
            and change_times.vanished_at is not null
    )
{% endif %}

select
    customer_id,
    valid_from,
    valid_to,
    {{ attributes | join(',\n    ') }}
from versions
