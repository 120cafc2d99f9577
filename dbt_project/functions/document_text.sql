select
    case jsonb_typeof($1)
        when 'string' then $1 #>> '{}'
        when 'number' then $1 #>> '{}'
        when 'object'
            then
                coalesce(
                    $1 ->> '$numberInt',
                    $1 ->> '$numberLong',
                    $1 ->> '$numberDouble',
                    $1 ->> '$numberDecimal',
                    $1 ->> '$oid',
                    $1 ->> '$symbol'
                )
    end
