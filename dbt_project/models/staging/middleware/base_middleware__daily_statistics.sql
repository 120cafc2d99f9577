{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='statistics_id',
    indexes=[{'columns': ['statistics_id'], 'unique': true}],
    meta={'changed_key': ['statistics_id'], 'raw_inputs': [{'source': 'middleware', 'table': 'daily_statistics', 'key': '_id'}]},
) }}

{% set fields = [
    {'name': 'company_id', 'paths': ['client_id', 'clientId', 'company_id', 'companyId'], 'type': 'integer', 'required': true},
    {'name': 'statistics_date', 'paths': ['date', 'day'], 'type': 'date', 'required': true},
    {'name': 'customer_count', 'paths': ['customers'], 'type': 'integer'},
    {'name': 'account_count', 'paths': ['accounts'], 'type': 'integer'},
    {'name': 'active_count', 'paths': ['active'], 'type': 'integer'},
    {'name': 'inactive_count', 'paths': ['inactive'], 'type': 'integer'},
    {'name': 'max_online_count', 'paths': ['max_online', 'maxOnline'], 'type': 'integer'},
    {'name': 'max_online_at', 'paths': ['max_online_at', 'maxOnlineAt'], 'type': 'instant'},
    {'name': 'payment_count', 'paths': ['payments.count'], 'type': 'integer'},
    {'name': 'payment_amount', 'paths': ['payments.amount'], 'type': 'number'},
    {'name': 'payment_currency', 'paths': ['payments.currency'], 'type': 'text'},
] %}

{{ read_documents('daily_statistics', 'statistics_id', fields) }}
