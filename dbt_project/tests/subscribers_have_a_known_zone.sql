{{ config(
    severity='warn',
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'stg_platform__subscribers'}}},
) }}

-- a subscriber in a zone that there is not has no months: its zone is to be mended in the source
select
    subscriber_id,
    subscriber_name,
    source_time_zone,
    'no zone of the IANA database' as reason
from {{ ref('stg_platform__subscribers') }}
where time_zone is null
