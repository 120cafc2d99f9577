-- What was extracted of each subscriber asked for, one row per fact, in order of subscriber. `owner_id` is whom the fact
-- belongs to: a change's and a logon's user, an item's commission run, a field's form;
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

order by 1
