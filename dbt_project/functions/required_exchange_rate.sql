declare
    rate numeric := {{ function('exchange_rate').include(database=false) }}($1, $2, $3);
begin
    if rate is null then
        raise exception 'no exchange rate from % to % on or before %', $1, $2, $3;
    end if;
    return rate;
end
