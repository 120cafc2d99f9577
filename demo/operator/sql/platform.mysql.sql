-- sqlfluff:dialect:mysql
create table subscribers (
    id bigint not null,
    name varchar(255) not null,
    time_zone varchar(255) not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    deleted_at datetime(6),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table subscriber_settings (
    id bigint not null,
    subscriber_id bigint not null,
    setting varchar(255) not null,
    value varchar(255) not null,
    happened_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table users (
    id bigint not null,
    subscriber_id bigint not null,
    type varchar(255) not null,
    name varchar(255) not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table user_changes (
    id bigint not null,
    user_id bigint not null,
    subscriber_id bigint not null,
    happened_at datetime(6) not null,
    `change` varchar(255) not null,
    role varchar(255),
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table logons (
    id bigint not null,
    user_id bigint not null,
    subscriber_id bigint not null,
    logged_on_at datetime(6) not null,
    last_seen_at datetime(6) not null,
    logged_off_at datetime(6),
    locked_at_logon boolean not null,
    updated_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table commission_runs (
    id bigint not null,
    subscriber_id bigint not null,
    month date not null,
    closed_at datetime(6),
    updated_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table commission_items (
    id bigint not null,
    run_id bigint not null,
    subscriber_id bigint not null,
    created_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table process_forms (
    id bigint not null,
    subscriber_id bigint not null,
    created_at datetime(6) not null,
    trashed_at datetime(6),
    updated_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;

create table process_fields (
    id bigint not null,
    form_id bigint not null,
    subscriber_id bigint not null,
    created_at datetime(6) not null,
    trashed_at datetime(6),
    updated_at datetime(6) not null,
    primary key (id)
) engine = innodb character set utf8mb4 collate utf8mb4_bin;
