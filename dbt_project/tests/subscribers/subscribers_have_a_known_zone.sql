{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'dim_subscriber'}}}) }}

-- a subscriber in a zone that the database does not know has no months: its zone is to be mended in the source
select
    subscriber_id,
    subscriber_name,
    time_zone,
    'the zone is unknown' as reason
from {{ ref('dim_subscriber') }} as subscriber
where not exists (
    select
    from pg_timezone_names as known
    where lower(known.name) = lower(subscriber.time_zone)
)
