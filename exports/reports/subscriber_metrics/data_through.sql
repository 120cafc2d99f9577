-- Up to when the platform is known; no row, or an empty one, before its first complete load.
select data_through_at
from marts.data_through
where source = 'platform'
