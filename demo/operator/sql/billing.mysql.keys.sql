-- sqlfluff:dialect:mysql
create index companies_updated_at on companies (updated_at);
create index users_updated_at on users (updated_at);
create index customers_updated_at on customers (updated_at);
create index accounts_updated_at on accounts (updated_at);
create index packages_updated_at on packages (updated_at);
create index subscriptions_updated_at on subscriptions (updated_at);
create index transactions_updated_at on transactions (updated_at);
create index transactions_customer_id on transactions (customer_id);
create index exchange_rates_updated_at on exchange_rates (updated_at);
