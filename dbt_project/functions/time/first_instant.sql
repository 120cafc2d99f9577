-- the quick way holds wherever the zone's clocks ran evenly for the 26 hours around; else every minute is looked at
select
    case
        when
            (guess.utc - interval '26 hours') at time zone 'UTC' at time zone $2 = $1 - interval '26 hours'
            and (guess.utc + interval '26 hours') at time zone 'UTC' at time zone $2 = $1 + interval '26 hours'
            then guess.utc at time zone 'UTC'
        else (
            select min(second_mark.utc) at time zone 'UTC'
            from (
                select min(minute_mark.utc) as utc
                from generate_series(
                    guess.utc - interval '26 hours', guess.utc + interval '26 hours', interval '1 minute'
                ) as minute_mark (utc)
                where minute_mark.utc at time zone 'UTC' at time zone $2 >= $1
            ) as first_minute
            cross join lateral generate_series(
                first_minute.utc - interval '59 seconds', first_minute.utc, interval '1 second'
            ) as second_mark (utc)
            where second_mark.utc at time zone 'UTC' at time zone $2 >= $1
        )
    end
from (select ($1 at time zone $2) at time zone 'UTC' as utc) as guess
