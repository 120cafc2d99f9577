-- The hour after %(data_through)s: each subscriber has a logon more, open sessions were seen again, a few users were enabled or
-- disabled.
insert into logons
select
    1000000000 + s.id, (s.id - 1) * 25 + 1 + s.id %% 25, s.id, begun.at, begun.at + interval '8 minutes',
    case when s.id %% 3 > 0 then begun.at + interval '9 minutes' end, false, begun.at + interval '9 minutes'
from subscribers as s
cross join lateral (select %(data_through)s::timestamptz + make_interval(mins => (s.id %% 50)::int) as at) as begun;

update logons
set last_seen_at = last_seen_at + interval '50 minutes', updated_at = %(data_through)s::timestamptz + interval '50 minutes'
where logged_off_at is null and id < 1000000000 and logged_on_at > %(data_through)s::timestamptz - interval '2 hours';

insert into user_changes
select
    1000000000 + u.id, u.id, u.subscriber_id, %(data_through)s::timestamptz + interval '5 minutes',
    (array['disabled', 'enabled'])[1 + u.id %% 2], null
from users as u
where u.id %% 500 = 0;
