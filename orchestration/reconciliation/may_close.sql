-- The latest month that may be closed and how many subscribers' months are waiting for it; no row where none is.
select
    to_char(max(months.month), 'YYYY-MM-DD') as latest_month,
    count(*) as waiting_months,
    max(data_through.data_through_at) as data_through_at
from intermediate.int_subscriber_months as months
cross join intermediate.int_platform_data_through as data_through
left join (
    select subscriber_id, max(month) as month
    from closed.subscriber_metrics_monthly
    group by subscriber_id
) as last_closed on last_closed.subscriber_id = months.subscriber_id
where months.month_end_at + %(grace)s <= data_through.data_through_at
    and (last_closed.month is null or months.month > last_closed.month)
having count(*) > 0
