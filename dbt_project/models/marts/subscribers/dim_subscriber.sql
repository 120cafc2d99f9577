{{ config(materialized='view') }}

select
    subscriber.subscriber_id,
    subscriber.subscriber_name,
    subscriber.time_zone,
    subscriber.created_at,
    case when subscriber.deleted_at <= data_through.data_through_at then subscriber.deleted_at end as deleted_at
from {{ ref('stg_platform__subscribers') }} as subscriber
left join {{ ref('int_platform_data_through') }} as data_through on true
