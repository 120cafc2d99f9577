-- For each end of a period, the instant N calendar months earlier on the report's clock.
select marts.months_before(ended.ends_at, %(months)s, %(time_zone)s) as since
from unnest(%(ends)s::timestamptz[]) with ordinality as ended (ends_at, number)
order by ended.number
