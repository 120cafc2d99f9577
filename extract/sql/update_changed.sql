update {relation} as stored
set {assignments}, _load_id = $1, _extracted_at = $2, _deleted_at = null
from incoming
where {same_key}
    and ({stored_row} is distinct from {incoming_row} or stored._deleted_at is not null)
