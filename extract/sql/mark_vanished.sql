update {relation} as stored
set _deleted_at = $1, _load_id = $2
where stored._deleted_at is null
    and not exists (select from {keys} as incoming where {same_key})
