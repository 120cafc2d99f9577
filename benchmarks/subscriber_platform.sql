-- A made-up platform: %(subscribers)s subscribers of 25 users each, %(months)s months up to %(data_through)s, %(logons)s logons
-- spread over them by time, as ids grow with time in a source.
select setseed(0.5);

insert into subscribers
select
    s, 'Subscriber ' || s,
    (array['UTC', 'America/New_York', 'Asia/Kolkata', 'Europe/London', 'Australia/Sydney', 'America/St_Johns'])[1 + s %% 6],
    %(data_through)s::timestamptz - make_interval(months => %(months)s),
    %(data_through)s::timestamptz - make_interval(months => %(months)s), null
from generate_series(1, %(subscribers)s) as s;

insert into users
select
    u, 1 + (u - 1) / 25, (array['staff', 'staff', 'agent', 'agent', 'customer'])[1 + u %% 5], 'User ' || u, made.at, made.at
from generate_series(1, %(subscribers)s * 25) as u
cross join lateral (
    select
        %(data_through)s::timestamptz - make_interval(months => %(months)s) + make_interval(days => (u %% 25) * 20) as at
) as made;

insert into user_changes
select row_number() over (order by happened_at, user_id), user_id, subscriber_id, happened_at, change, role
from (
    select id as user_id, subscriber_id, created_at as happened_at, 'created' as change, null as role from users
    union all
    select
        u.id, u.subscriber_id, u.created_at + (%(data_through)s - u.created_at) * random(),
        (array['disabled', 'enabled', 'trashed', 'locked', 'unlocked', 'role'])[1 + c],
        case when c = 5 then (case u.type when 'staff' then 'super' else 'manager' end) end
    from users as u
    cross join generate_series(0, 5) as c
    where (u.id + c) %% 4 = 0
) as made;

insert into subscriber_settings
select
    (s - 1) * 4 + n, s, (array['file_limit_mb', 'commission_module', 'process_module', 'file_limit_mb'])[n],
    (array['100', 'on', 'on', '500'])[n],
    %(data_through)s::timestamptz - make_interval(months => %(months)s) + make_interval(days => n * 30)
from generate_series(1, %(subscribers)s) as s cross join generate_series(1, 4) as n;

insert into logons
select
    n, made.user_id, 1 + (made.user_id - 1) / 25, made.logged_on_at, made.logged_on_at + made.length,
    case when made.length < interval '110 minutes' then made.logged_on_at + made.length end,
    n %% 97 = 0, least(made.logged_on_at + made.length, %(data_through)s)
from (
    select
        n,
        1 + floor(random() * %(subscribers)s * 25)::bigint as user_id,
        begun.at + (%(data_through)s - begun.at) * ((n + random()) / (%(logons)s + 1)) as logged_on_at,
        make_interval(secs => floor(random() * 7200)) as length
    from generate_series(1, %(logons)s) as n
    cross join (select %(data_through)s::timestamptz - make_interval(months => %(months)s) as at) as begun
) as made;

insert into commission_runs
select
    (s - 1) * %(months)s + m, s, date_trunc('month', %(data_through)s::timestamptz) - make_interval(months => m), closed.at, closed.at
from generate_series(1, %(subscribers)s) as s
cross join generate_series(1, %(months)s) as m
cross join lateral (select %(data_through)s::timestamptz - make_interval(months => m) + interval '5 days' as at) as closed;

insert into commission_items
select (r.id - 1) * 10 + i, r.id, r.subscriber_id, r.closed_at - interval '1 day'
from commission_runs as r cross join generate_series(1, 10) as i;

insert into process_forms
select f, 1 + (f - 1) / 3, made.at, null, made.at
from generate_series(1, %(subscribers)s * 3) as f
cross join lateral (select %(data_through)s::timestamptz - make_interval(months => f %% %(months)s) as at) as made;

insert into process_fields
select
    (f.id - 1) * 10 + n, f.id, f.subscriber_id, f.created_at + make_interval(days => n::int),
    case when n = 3 then f.created_at + interval '40 days' end, f.created_at + interval '40 days'
from process_forms as f cross join generate_series(1, 10) as n;
