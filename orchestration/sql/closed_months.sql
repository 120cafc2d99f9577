-- Every month that data through has passed somewhere: its subscribers' months, how many of them are closed, when the
-- last of them was closed and ends, and data through.
select
    months.month,
    count(*) as subscriber_months,
    count(closed_row.month) as closed_subscriber_months,
    max(closed_row.closed_at) as closed_at,
    max(months.month_end_at) as ends_at,
    max(data_through.data_through_at) as data_through_at
from intermediate.int_subscriber_months as months
cross join intermediate.int_platform_data_through as data_through
left join closed.subscriber_metrics_monthly as closed_row
    on months.subscriber_id = closed_row.subscriber_id and months.month = closed_row.month
group by months.month
having min(months.month_end_at) <= max(data_through.data_through_at)
order by months.month
