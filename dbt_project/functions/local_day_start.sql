select {{ function('first_instant').include(database=false) }}($1::timestamp, $2)
