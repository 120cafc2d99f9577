-- Up to when the customer side is known, since when there is any, and whether movements are kept by the hour as well.
select
    (select data_through_at from marts.data_through where source = 'billing') as data_through_at,
    (select min(created_at) from marts.dim_customer) as first_data_at,
    to_regclass('marts.fct_hourly_movements') is not null as has_hours
