create table subscribers (
    id bigint not null,
    name text not null,
    time_zone text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create table subscriber_settings (
    id bigint not null,
    subscriber_id bigint not null,
    setting text not null,
    value text not null,
    happened_at timestamptz not null
);

create table users (
    id bigint not null,
    subscriber_id bigint not null,
    type text not null,
    name text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table user_changes (
    id bigint not null,
    user_id bigint not null,
    subscriber_id bigint not null,
    happened_at timestamptz not null,
    change text not null,
    role text
);

create table logons (
    id bigint not null,
    user_id bigint not null,
    subscriber_id bigint not null,
    logged_on_at timestamptz not null,
    last_seen_at timestamptz not null,
    logged_off_at timestamptz,
    locked_at_logon boolean not null,
    updated_at timestamptz not null
);

create table commission_runs (
    id bigint not null,
    subscriber_id bigint not null,
    month date not null,
    closed_at timestamptz,
    updated_at timestamptz not null
);

create table commission_items (
    id bigint not null,
    run_id bigint not null,
    subscriber_id bigint not null,
    created_at timestamptz not null
);

create table process_forms (
    id bigint not null,
    subscriber_id bigint not null,
    created_at timestamptz not null,
    trashed_at timestamptz,
    updated_at timestamptz not null
);

create table process_fields (
    id bigint not null,
    form_id bigint not null,
    subscriber_id bigint not null,
    created_at timestamptz not null,
    trashed_at timestamptz,
    updated_at timestamptz not null
);
