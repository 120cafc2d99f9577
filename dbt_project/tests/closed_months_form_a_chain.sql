{{ config(
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'subscriber_metrics_monthly'}}},
) }}

-- every closed row, its place behind the one before and its evidence are what they were when they were closed
-- depends_on: {{ ref('subscriber_metrics_monthly') }}
select
    subscriber_id,
    month,
    fault
from closed.subscriber_metrics_broken_links()
