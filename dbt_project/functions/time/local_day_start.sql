select {{ function('first_instant') }}($1::timestamp, $2)
