select
    moved.what,
    count(*) as movement_count
from moved
group by moved.what
order by moved.what
