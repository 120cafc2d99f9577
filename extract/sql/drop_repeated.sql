delete from {relation} as earlier
using {relation} as later
where {same_key} and later.ctid > earlier.ctid
