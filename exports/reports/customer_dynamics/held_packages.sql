-- Customer and package (none: empty), with the range of period ends at which the customer held it.
-- An end is answered by the span with held_after_at < end <= held_until_at.
select
    customer_id,
    package_id,
    case
        when held_after_at is null then 1
        else width_bucket(held_after_at, %(ends)s::timestamptz[]) + 1
    end as first_end,
    case
        when held_until_at is null then cardinality(%(ends)s::timestamptz[])
        else width_bucket(held_until_at, %(ends)s::timestamptz[])
    end as last_end
from marts.fct_customer_packages
where %(held_package_id)s::bigint is null or package_id = %(held_package_id)s
offset '0' -- each span's ends are looked up once, not for each state it meets (a plain 0 keeps plans from being parallel)
