-- DuckDB: from logons and months to the most at once and the minutes, by the same rules as the models.
create table pieces as
with begun as (
    select l.*, m.month, m.month_start_at, m.month_end_at
    from logons as l
    asof join months as m on l.subscriber_id = m.subscriber_id and l.logged_on_at >= m.month_start_at
)
select subscriber_id, month, user_id, logged_on_at as started_at, least(ended_at, month_end_at, data_through_at) as ended_at
from begun cross join (select max(data_through_at) as data_through_at from months)
where logged_on_at < month_end_at
union all
select l.subscriber_id, m.month, l.user_id, m.month_start_at, least(l.ended_at, m.month_end_at, m.data_through_at)
from (select * from begun where ended_at > month_end_at) as l
inner join months as m
    on l.subscriber_id = m.subscriber_id and m.month_start_at > l.logged_on_at and m.month_start_at < l.ended_at;

create table merged as
with marked as (
    select
        *,
        started_at > max(ended_at) over (
            partition by subscriber_id, month, user_id
            order by started_at
            rows between unbounded preceding and 1 preceding
        ) as is_apart
    from pieces
    where started_at < ended_at
),
numbered as (
    select
        *,
        sum(coalesce(is_apart, true)::int) over (
            partition by subscriber_id, month, user_id order by started_at rows unbounded preceding
        ) as island
    from marked
)
select subscriber_id, month, user_id, min(started_at) as started_at, max(ended_at) as ended_at
from numbered
group by subscriber_id, month, user_id, island;

create table swept as
with moments as (
    select subscriber_id, month, started_at as happened_at, 1 as difference from merged
    union all
    select subscriber_id, month, ended_at, -1 from merged
),
summed as (
    select
        subscriber_id,
        month,
        happened_at,
        sum(sum(difference)) over (partition by subscriber_id, month order by happened_at) as at_once
    from moments
    group by subscriber_id, month, happened_at
)
select
    subscriber_id,
    month,
    max(at_once)::int as concurrent_max,
    arg_min(happened_at, (-at_once, happened_at)) as concurrent_max_at
from summed
group by subscriber_id, month;

create table minutes as
select subscriber_id, month, sum(date_diff('microsecond', started_at, ended_at))::bigint // 60000000 as logon_minutes
from merged
group by subscriber_id, month;
