-- Every customer that was extracted or that the marts know.
select customer.id
from raw_billing.customers as customer
where customer._deleted_at is null
union
select known.customer_id
from marts.dim_customer as known
