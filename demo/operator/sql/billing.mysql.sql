-- sqlfluff:dialect:mysql
create table companies (
    id bigint not null,
    parent_id bigint,
    name varchar(255) not null,
    time_zone varchar(255) not null,
    currency char(3) not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table users (
    id bigint not null,
    company_id bigint not null,
    login varchar(255) not null,
    name varchar(255) not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table customers (
    id bigint not null,
    company_id bigint not null,
    owner_user_id bigint,
    name varchar(255) not null,
    type varchar(255) not null,
    currency char(3) not null,
    balance decimal(20, 6) not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table customer_tags (
    customer_id bigint not null,
    tag varchar(255) not null,
    primary key (customer_id, tag)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table accounts (
    id bigint not null,
    customer_id bigint not null,
    login varchar(255) not null,
    active boolean not null,
    activated_at datetime(6),
    deactivated_at datetime(6),
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table packages (
    id bigint not null,
    company_id bigint not null,
    name varchar(255) not null,
    activation_fee decimal(20, 6) not null,
    subscription_fee decimal(20, 6) not null,
    currency char(3) not null,
    period_months int not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table subscriptions (
    id bigint not null,
    customer_id bigint not null,
    account_id bigint,
    package_id bigint not null,
    activated_at datetime(6) not null,
    stopped_at datetime(6),
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table transactions (
    id bigint not null,
    customer_id bigint not null,
    kind varchar(255) not null,
    amount decimal(20, 6) not null,
    currency char(3) not null,
    package_id bigint,
    subscription_id bigint,
    source varchar(255),
    gateway varchar(255),
    note varchar(255),
    created_at datetime(6) not null,
    confirmed_at datetime(6),
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table exchange_rates (
    base_currency char(3) not null,
    currency char(3) not null,
    rate_date date not null,
    rate decimal(20, 10) not null,
    updated_at datetime(6) not null,
    primary key (base_currency, currency, rate_date)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;
