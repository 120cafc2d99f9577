-- Filter and group by package: holders of the one asked for, in the row of each package they hold then.
select
    held.customer_id,
    held.package_id,
    lower(part.ends) as first_end,
    upper(part.ends) - 1 as last_end
from held
inner join held as asked on held.customer_id = asked.customer_id and asked.package_id = %(package_id)s
cross join lateral unnest(held.during * asked.during) as part (ends)
