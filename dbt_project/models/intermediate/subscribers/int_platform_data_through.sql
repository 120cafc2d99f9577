{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='source',
) }}

select
    'platform'::text as source,
    min(watermark.as_of) as data_through_at
from unnest(array[{{ source_tables('platform') }}]) as expected (table_name)
left join {{ source('platform', 'watermarks') }} as watermark on expected.table_name = watermark.table_name
having count(watermark.table_name) = count(*)
