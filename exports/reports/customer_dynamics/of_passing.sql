-- Rows of the customers that pass the filters.
select *
from unfiltered
where customer_id in (select customer_id from passing)
