-- The quick way holds wherever the zone's clocks ran evenly for the 26 hours around. Else the instant is either one at
-- which the clocks show the very time, found by trying each offset in use around it, or the one at which they jump over
-- it, found on a grid of quarters of an hour and then to the second.
select
    case
        when
            (guess.utc - interval '26 hours') at time zone 'UTC' at time zone $2 = $1 - interval '26 hours'
            and (guess.utc + interval '26 hours') at time zone 'UTC' at time zone $2 = $1 + interval '26 hours'
            then guess.utc at time zone 'UTC'
        else (
            select
                case
                    when shown.utc <= passed.utc then shown.utc
                    else (
                        select min(mark.utc)
                        from generate_series(passed.utc - interval '15 minutes', passed.utc, interval '1 second') as mark (utc)
                        where mark.utc at time zone 'UTC' at time zone $2 >= $1
                    )
                end at time zone 'UTC'
            from (
                select
                    min(mark.utc) filter (where mark.local_time >= $1) as utc,
                    array_agg(distinct mark.local_time - mark.utc) as utc_offsets
                from (
                    select
                        grid.utc,
                        grid.utc at time zone 'UTC' at time zone $2 as local_time
                    from generate_series(
                        guess.utc - interval '26 hours', guess.utc + interval '26 hours', interval '15 minutes'
                    ) as grid (utc)
                ) as mark
            ) as passed
            cross join lateral (
                select min($1 - tried.utc_offset) as utc
                from unnest(passed.utc_offsets) as tried (utc_offset)
                where ($1 - tried.utc_offset) at time zone 'UTC' at time zone $2 = $1
            ) as shown
        )
    end
from (select ($1 at time zone $2) at time zone 'UTC' as utc) as guess
