-- Of the customers that pass the filters, those that ever held the package asked for: no other can belong to a row.
select holding.customer_id
from marts.fct_package_holdings as holding
where
    holding.package_id = %(package_id)s
    and holding.customer_id in (select customer_id from passing_any_package)
