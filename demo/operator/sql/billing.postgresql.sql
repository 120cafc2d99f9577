create table companies (
    id bigint not null,
    parent_id bigint,
    name text not null,
    time_zone text not null,
    currency char(3) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table users (
    id bigint not null,
    company_id bigint not null,
    login text not null,
    name text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table customers (
    id bigint not null,
    company_id bigint not null,
    owner_user_id bigint,
    name text not null,
    type text not null,
    currency char(3) not null,
    balance numeric(20, 6) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table customer_tags (
    customer_id bigint not null,
    tag text not null
);

create table accounts (
    id bigint not null,
    customer_id bigint not null,
    login text not null,
    active boolean not null,
    activated_at timestamptz,
    deactivated_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table packages (
    id bigint not null,
    company_id bigint not null,
    name text not null,
    activation_fee numeric(20, 6) not null,
    subscription_fee numeric(20, 6) not null,
    currency char(3) not null,
    period_months integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table subscriptions (
    id bigint not null,
    customer_id bigint not null,
    account_id bigint,
    package_id bigint not null,
    activated_at timestamptz not null,
    stopped_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table transactions (
    id bigint not null,
    customer_id bigint not null,
    kind text not null,
    amount numeric(20, 6) not null,
    currency char(3) not null,
    package_id bigint,
    subscription_id bigint,
    source text,
    gateway text,
    note text,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table exchange_rates (
    base_currency char(3) not null,
    currency char(3) not null,
    rate_date date not null,
    rate numeric(20, 10) not null,
    updated_at timestamptz not null
);
