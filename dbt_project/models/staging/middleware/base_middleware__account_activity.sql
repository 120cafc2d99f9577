{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='activity_id',
    indexes=[{'columns': ['activity_id'], 'unique': true}],
    meta={'changed_key': ['activity_id'], 'raw_inputs': [{'source': 'middleware', 'table': 'account_activity', 'key': '_id'}]},
) }}

{% set fields = [
    {'name': 'company_id', 'paths': ['client_id', 'clientId', 'company_id', 'companyId'], 'type': 'integer', 'required': true},
    {'name': 'customer_id', 'paths': ['customer_id', 'customerId'], 'type': 'integer'},
    {'name': 'account_id', 'paths': ['account_id', 'accountId'], 'type': 'integer', 'required': true},
    {'name': 'event', 'paths': ['event', 'type'], 'type': 'text', 'required': true},
    {'name': 'tariff_id', 'paths': ['tariff_id', 'tariffId'], 'type': 'integer'},
    {'name': 'happened_at', 'paths': ['at', 'happened_at', 'happenedAt'], 'type': 'instant', 'required': true},
    {'name': 'source', 'paths': ['source'], 'type': 'text', 'tolerant': true},
] %}

{{ read_documents('account_activity', 'activity_id', fields) }}
