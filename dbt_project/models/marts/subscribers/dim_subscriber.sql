{{ config(materialized='view') }}

select
    subscriber_id,
    subscriber_name,
    time_zone,
    created_at,
    deleted_at
from {{ ref('stg_platform__subscribers') }}
