{{ config(
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'subscriber_metric_evidence'}}},
) }}

with summed as (
    select
        subscriber_id,
        month,
        metric,
        case
            when metric = 'logon_minutes' then div(sum(quantity), 60)
            else sum(quantity)
        end as value
    from {{ ref('subscriber_metric_evidence') }}
    group by subscriber_id, month, metric
),

expected as (
    select
        metrics.subscriber_id,
        metrics.month,
        metric.metric,
        metric.value
    from {{ ref('subscriber_metrics') }} as metrics
    cross join lateral (
        values
        {% for metric in subscriber_metrics() if metric != 'concurrent_max_at' %}
        ('{{ metric }}', metrics.{{ metric }}::numeric){{ ',' if not loop.last }}
        {% endfor %}
    ) as metric (metric, value)
)

select
    coalesce(expected.subscriber_id, summed.subscriber_id) as subscriber_id,
    coalesce(expected.month, summed.month) as month,
    coalesce(expected.metric, summed.metric) as metric,
    expected.value,
    summed.value as evidence
from expected
full join summed
    on
        expected.subscriber_id = summed.subscriber_id
        and expected.month = summed.month
        and expected.metric = summed.metric
where coalesce(expected.value, 0) <> coalesce(summed.value, 0)
