{# The first model of billing makes the raw tables' indexes: it holds no load up for long. #}
{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='source',
    pre_hook=[
        "{{ index_raw_table('billing', 'transactions', 'customer_id') }}",
        "{{ index_raw_table('billing', 'transactions', 'deleted_at', condition='deleted_at is not null') }}",
    ],
) }}

select
    'billing'::text as source,
    min(watermark.as_of) as data_through_at
from unnest(array[{{ source_tables('billing') }}]) as expected (table_name)
left join {{ source('billing', 'watermarks') }} as watermark on expected.table_name = watermark.table_name
having count(watermark.table_name) = count(*)
