-- An hour later: each subscriber has a logon more, open sessions were seen again, a few users were enabled or disabled.
insert into raw_platform.logons
select
    1000000000 + %(load_id)s::bigint * 1000000 + s.id, (s.id - 1) * 25 + 1 + s.id %% 25, s.id,
    w.as_of + make_interval(mins => (s.id %% 50)::int), w.as_of + make_interval(mins => (s.id %% 50)::int + 8),
    case when s.id %% 3 > 0 then w.as_of + make_interval(mins => (s.id %% 50)::int + 9) end, false, w.as_of,
    %(load_id)s, w.as_of, null
from raw_platform.subscribers as s
cross join (select as_of from raw_platform.watermarks where table_name = 'logons') as w;

update raw_platform.logons
set last_seen_at = last_seen_at + interval '50 minutes', _load_id = %(load_id)s
where
    logged_off_at is null and _load_id < %(load_id)s
    and logged_on_at > (select as_of - interval '2 hours' from raw_platform.watermarks where table_name = 'logons');

insert into raw_platform.user_changes
select
    1000000000 + %(load_id)s::bigint * 1000000 + u.id, u.id, u.subscriber_id, w.as_of + interval '5 minutes',
    (array['disabled', 'enabled'])[1 + u.id %% 2], null, %(load_id)s, w.as_of, null
from raw_platform.users as u
cross join (select as_of from raw_platform.watermarks where table_name = 'logons') as w
where u.id %% 500 = 0;

update raw_platform.watermarks set as_of = as_of + interval '1 hour';
