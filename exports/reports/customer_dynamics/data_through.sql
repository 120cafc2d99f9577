-- Up to when the customer side is known, and since when there is any.
select
    (select data_through_at from marts.data_through where source = 'billing') as data_through_at,
    (select min(created_at) from marts.dim_customer where isfinite(created_at)) as first_data_at
