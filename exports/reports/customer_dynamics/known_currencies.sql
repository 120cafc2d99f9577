-- Every currency that something is kept in, or that a rate leads from or to.
select currency from marts.dim_customer
union
select currency from marts.dim_company
union
select currency from marts.dim_package
union
select base_currency from marts.fct_exchange_rates
union
select currency from marts.fct_exchange_rates
