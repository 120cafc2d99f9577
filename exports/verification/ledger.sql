-- Closed metrics where closed value + restatements is not what a full recomputation gives. The metrics are the columns of
-- the recomputation that are no ids; an instant counts by its seconds since 1970.
with metrics as (
    select attribute.attname::text as name
    from pg_attribute as attribute
    where
        attribute.attrelid = to_regclass('intermediate.int_subscriber_metrics')
        and attribute.attnum > 0
        and not attribute.attisdropped
        and attribute.attname not in ('subscriber_id', 'month', 'file_limit_setting_id', 'commission_run_id')
),

recomputed as (
    select
        known.subscriber_id,
        known.month,
        to_jsonb(known) - array['subscriber_id', 'month', 'file_limit_setting_id', 'commission_run_id'] as metrics
    from intermediate.int_subscriber_metrics as known
),

restated as (
    select
        late.subscriber_id,
        late.month,
        jsonb_object_agg(late.metric, late.difference) as differences
    from (
        select
            restatement.subscriber_id,
            restatement.month,
            restatement.metric,
            sum(restatement.difference) as difference
        from closed.restatements as restatement
        group by restatement.subscriber_id, restatement.month, restatement.metric
    ) as late
    group by late.subscriber_id, late.month
),

-- most rows are as they were recomputed and never restated: only the others are taken apart by metric
doubtful as materialized (
    select
        sealed.subscriber_id,
        sealed.month,
        to_jsonb(sealed) as closed_metrics,
        recomputed.metrics as metrics_now,
        restated.differences
    from closed.subscriber_metrics_monthly as sealed
    -- after a run that knew less than the closing did, what it recomputed is less too
    inner join intermediate.int_platform_data_through as data_through
        on sealed.data_through_at <= data_through.data_through_at
    left join recomputed
        on sealed.subscriber_id = recomputed.subscriber_id and sealed.month = recomputed.month
    left join restated
        on sealed.subscriber_id = restated.subscriber_id and sealed.month = restated.month
    where restated.month is not null or (to_jsonb(sealed) @> recomputed.metrics) is not true
),

amounts as (
    select
        doubtful.subscriber_id,
        doubtful.month,
        metrics.name,
        coalesce((doubtful.differences ->> metrics.name)::numeric, 0) as difference,
        case
            when right(metrics.name, 3) = '_at'
                then extract(epoch from (doubtful.closed_metrics ->> metrics.name)::timestamptz)
            else (doubtful.closed_metrics ->> metrics.name)::numeric
        end as closed_amount,
        case
            when right(metrics.name, 3) = '_at'
                then extract(epoch from (doubtful.metrics_now ->> metrics.name)::timestamptz)
            else (doubtful.metrics_now ->> metrics.name)::numeric
        end as amount_now
    from doubtful
    cross join metrics
)

select
    amounts.subscriber_id,
    amounts.month,
    concat(
        amounts.name, ' was closed as ', coalesce(amounts.closed_amount::text, 'none'),
        ' and restated by ', amounts.difference,
        ', a recomputation gives ', coalesce(amounts.amount_now::text, 'none')
    ) as fault
from amounts
where coalesce(amounts.closed_amount, 0) + amounts.difference <> coalesce(amounts.amount_now, 0)
order by amounts.subscriber_id, amounts.month, amounts.name
