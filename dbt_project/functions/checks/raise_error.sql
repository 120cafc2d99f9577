begin
    raise exception using message = $1;
end
