declare
    moment jsonb := case when jsonb_typeof($1) = 'object' then $1 -> '$date' else $1 end;
    milliseconds bigint;
    written text;
begin
    if jsonb_typeof(moment) = 'object' then
        milliseconds := (moment ->> '$numberLong')::bigint;
        return timestamptz 'epoch' + milliseconds / 1000 * interval '1 second' + milliseconds % 1000 * interval '1 millisecond';
    end if;
    written := btrim(moment #>> '{}');
    if
        jsonb_typeof(moment) = 'string'
        and written ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?\s*(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$'
    then
        written := replace(written, ',', '.');
        return case
            when written ~ 'Z$|:.*[+-][0-9:]+$' then written::timestamptz
            else written::timestamp at time zone 'UTC'
        end;
    end if;
    return null;
exception
    -- a date that no calendar has, or a number beyond what PostgreSQL can tell the time of
    when data_exception then return null;
end
