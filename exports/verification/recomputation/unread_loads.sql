-- Raw tables of a source that hold a load which the models have not read: after a run that failed, or while one goes on.
select
    split_part(noted.input, '/', 3) as table_name,
    noted.model,
    noted.position
from intermediate.model_watermarks as noted
where noted.input like concat('raw/', %(source)s::text, '/%%')
order by 1, 2
