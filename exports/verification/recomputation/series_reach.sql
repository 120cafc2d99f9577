-- Up to where the series by day was built.
select max(daily.as_of_at) as reaches
from marts.customer_dynamics_daily as daily
