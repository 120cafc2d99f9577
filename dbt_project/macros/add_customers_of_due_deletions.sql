{# Adds the customers of transactions whose deletion lay ahead and has come since this model was built: no row says so. #}
{% macro add_customers_of_due_deletions() %}
    {%- if execute and is_incremental() -%}
        insert into changed_keys
        select deleted.customer_id
        from {{ source('billing', 'transactions') }} as deleted
        inner join {{ ref('int_billing_data_through') }} as billing on deleted.deleted_at <= billing.data_through_at
        where
            deleted.deleted_at
            > timestamptz 'epoch' + {{ read_position('int_billing_data_through') }} * interval '1 microsecond'
        on conflict do nothing
    {%- endif -%}
{% endmacro %}
