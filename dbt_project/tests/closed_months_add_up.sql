{{ config(
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'restatements'}}},
) }}

-- closed value + differences = full recomputation, for every metric of every closed month
with restated as (
    select
        subscriber_id,
        month,
        metric,
        sum(difference) as difference,
        (array_agg(value_now order by restatement desc))[1] as value_now,
        count(*) as restatements
    from {{ ref('restatements') }}
    group by subscriber_id, month, metric
)

select
    closed_row.subscriber_id,
    closed_row.month,
    metric.metric,
    metric.closed_value,
    restated.difference,
    metric.value_now
from {{ ref('subscriber_metrics_monthly') }} as closed_row
cross join {{ ref('int_platform_data_through') }} as data_through
left join {{ ref('int_subscriber_metrics') }} as known
    on closed_row.subscriber_id = known.subscriber_id and closed_row.month = known.month
cross join lateral (
    values
    {% for metric in subscriber_metrics() %}
    (
        '{{ metric }}',
        {{ metric_text('closed_row', metric) }},
        {{ metric_number('closed_row', metric) }},
        {{ metric_text('known', metric) }},
        {{ metric_number('known', metric) }}
    ){{ ',' if not loop.last }}
    {% endfor %}
) as metric (metric, closed_value, closed_number, value_now, number_now)
left join restated
    on
        closed_row.subscriber_id = restated.subscriber_id
        and closed_row.month = restated.month
        and metric.metric = restated.metric
where
    -- a run that knows less than the closing did recomputes less
    closed_row.data_through_at <= data_through.data_through_at
    and (
        known.month is null
        or metric.closed_number + coalesce(restated.difference, 0) <> metric.number_now
        or metric.value_now is distinct from case
            when restated.restatements is null then metric.closed_value
            else restated.value_now
        end
    )
