-- The latest month that may be closed and is not, how many subscribers' months wait, since when the last of them, and
-- data through; without a month where none waits.
select
    max(month) as month,
    count(*) as waiting_months,
    max(due_at) as due_at,
    (select data_through_at from intermediate.int_platform_data_through) as data_through_at
from intermediate.int_subscriber_months_due
