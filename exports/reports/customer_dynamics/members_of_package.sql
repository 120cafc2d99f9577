-- Filter by package: only its holders belong to a row, at the ends at which they hold it.
select
    held.customer_id,
    null::bigint as package_id,
    lower(part.ends) as first_end,
    upper(part.ends) - 1 as last_end
from held
cross join lateral unnest(held.during) as part (ends)
where held.package_id = %(package_id)s
