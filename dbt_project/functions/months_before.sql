select {{ function('first_instant').include(database=false) }}(($1 at time zone $3) - make_interval(months => $2), $3)
