insert into {relation} ({columns}, _load_id, _extracted_at)
select {columns}, $1, $2
from incoming
where not exists (select from {relation} as stored where {same_key})
