-- name: subscribers
-- Every subscriber that was extracted or has closed months, with its zone, its life and the months that are closed.
with closed_months as (
    select
        sealed.subscriber_id,
        array_agg(sealed.month order by sealed.month) as months,
        array_agg(sealed.month_start_at order by sealed.month) as starts,
        array_agg(sealed.month_end_at order by sealed.month) as ends
    from closed.subscriber_metrics_monthly as sealed
    group by sealed.subscriber_id
),

extracted as (
    select
        subscriber.id,
        subscriber.time_zone,
        subscriber.created_at,
        subscriber.deleted_at
    from raw_platform.subscribers as subscriber
    where subscriber._deleted_at is null
)

select
    coalesce(extracted.id, closed_months.subscriber_id) as subscriber_id,
    extracted.time_zone,
    extracted.created_at,
    extracted.deleted_at,
    coalesce(closed_months.months, '{}') as closed_months,
    coalesce(closed_months.starts, '{}') as closed_starts,
    coalesce(closed_months.ends, '{}') as closed_ends
from extracted
full join closed_months on extracted.id = closed_months.subscriber_id
order by 1;

-- name: facts
-- What was extracted of each subscriber asked for, one row per fact, in order of subscriber. `owner_id` is whom the fact
-- belongs to: a change's and a logon's user, an item's commission run, a field's form.
-- `carried_id` is the subscriber that the row itself names.
with asked as (
    select
        unnest(%(subscriber_ids)s::bigint[]) as subscriber_id,
        unnest(%(from_ats)s::timestamptz[]) as from_at,
        unnest(%(until_ats)s::timestamptz[]) as until_at
),

-- a user is a member of every subscriber that one of its changes carries
members as (
    select
        asked.subscriber_id,
        member.id as user_id
    from asked
    inner join raw_platform.users as member on asked.subscriber_id = member.subscriber_id
    union
    select
        asked.subscriber_id,
        changed.user_id
    from asked
    inner join raw_platform.user_changes as changed on asked.subscriber_id = changed.subscriber_id
    where changed._deleted_at is null
)

select
    members.subscriber_id,
    'user' as fact,
    member.id,
    null::bigint as owner_id,
    member.created_at as first_at,
    null::timestamptz as second_at,
    null::timestamptz as third_at,
    member.type as word,
    null::text as detail,
    member.subscriber_id as carried_id
from members
inner join raw_platform.users as member on members.user_id = member.id
where member._deleted_at is null

union all

select
    members.subscriber_id,
    'change',
    changed.id,
    changed.user_id,
    changed.happened_at,
    null,
    null,
    changed.change,
    changed.role,
    changed.subscriber_id
from members
inner join raw_platform.user_changes as changed on members.user_id = changed.user_id
where changed._deleted_at is null

union all

select
    asked.subscriber_id,
    'logon',
    logon.id,
    logon.user_id,
    logon.logged_on_at,
    logon.last_seen_at,
    logon.logged_off_at,
    case when logon.locked_at_logon then 'locked' end,
    null,
    asked.subscriber_id
from asked
inner join raw_platform.logons as logon
    on
        asked.subscriber_id = logon.subscriber_id
        and logon.logged_on_at < asked.until_at
        and greatest(
            logon.logged_on_at,
            coalesce(logon.logged_off_at, logon.last_seen_at + make_interval(mins => %(session_timeout_minutes)s))
        ) >= asked.from_at
where logon._deleted_at is null

union all

select
    asked.subscriber_id,
    'setting',
    setting.id,
    null,
    setting.happened_at,
    null,
    null,
    setting.setting,
    setting.value,
    asked.subscriber_id
from asked
inner join raw_platform.subscriber_settings as setting on asked.subscriber_id = setting.subscriber_id
where setting._deleted_at is null

union all

select
    asked.subscriber_id,
    'run',
    run.id,
    null,
    run.closed_at,
    null,
    null,
    null,
    null,
    asked.subscriber_id
from asked
inner join raw_platform.commission_runs as run on asked.subscriber_id = run.subscriber_id
where run._deleted_at is null and run.closed_at is not null

union all

select
    asked.subscriber_id,
    'item',
    item.id,
    item.run_id,
    item.created_at,
    null,
    null,
    null,
    null,
    asked.subscriber_id
from asked
inner join raw_platform.commission_runs as run on asked.subscriber_id = run.subscriber_id
inner join raw_platform.commission_items as item on run.id = item.run_id
where run._deleted_at is null and run.closed_at is not null and item._deleted_at is null

union all

select
    asked.subscriber_id,
    'field',
    field.id,
    field.form_id,
    field.created_at,
    field.trashed_at,
    null,
    null,
    null,
    asked.subscriber_id
from asked
inner join raw_platform.process_fields as field on asked.subscriber_id = field.subscriber_id
where field._deleted_at is null

union all

select distinct
    asked.subscriber_id,
    'form',
    form.id,
    null::bigint,
    form.created_at,
    form.trashed_at,
    null::timestamptz,
    null,
    null,
    asked.subscriber_id
from asked
inner join raw_platform.process_fields as field on asked.subscriber_id = field.subscriber_id
inner join raw_platform.process_forms as form on field.form_id = form.id
where form._deleted_at is null

order by 1;

-- name: stored
-- What the marts and the closed months hold of each subscriber and month, with what the ledger adds to a closed one.
with restated as (
    select
        metric_row.subscriber_id,
        metric_row.month,
        jsonb_object_agg(
            metric_row.metric, jsonb_build_array(metric_row.difference::text, metric_row.value_now)
        ) as restatements
    from (
        select
            late.subscriber_id,
            late.month,
            late.metric,
            sum(late.difference) as difference,
            (array_agg(late.value_now order by late.restatement desc))[1] as value_now
        from closed.restatements as late
        group by late.subscriber_id, late.month, late.metric
    ) as metric_row
    group by metric_row.subscriber_id, metric_row.month
)

select
    metrics.subscriber_id,
    metrics.month,
    metrics.is_closed,
    metrics.super_users,
    metrics.enabled_staff,
    metrics.active_staff,
    metrics.enabled_managers,
    metrics.active_managers,
    metrics.enabled_reps,
    metrics.active_reps,
    metrics.concurrent_max,
    metrics.concurrent_max_at,
    metrics.logon_minutes,
    metrics.file_limit_mb,
    metrics.commission_items,
    metrics.process_fields,
    restated.restatements
from marts.subscriber_metrics as metrics
left join restated on metrics.subscriber_id = restated.subscriber_id and metrics.month = restated.month
order by metrics.subscriber_id, metrics.month;
