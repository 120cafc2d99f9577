{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='session_id',
    indexes=[{'columns': ['session_id'], 'unique': true}],
    meta={'changed_key': ['session_id'], 'raw_inputs': [{'source': 'middleware', 'table': 'online_sessions', 'key': '_id'}]},
) }}

{% set fields = [
    {'name': 'company_id', 'paths': ['client_id', 'clientId', 'company_id', 'companyId'], 'type': 'integer', 'required': true},
    {'name': 'customer_id', 'paths': ['customer_id', 'customerId'], 'type': 'integer'},
    {'name': 'account_id', 'paths': ['account_id', 'accountId'], 'type': 'integer', 'required': true},
    {'name': 'device_uid', 'paths': ['device.uid', 'device_uid', 'deviceUid', 'device'], 'type': 'text', 'tolerant': true},
    {'name': 'device_type', 'paths': ['device.type', 'device_type', 'deviceType'], 'type': 'text', 'tolerant': true},
    {
        'name': 'app_version',
        'paths': ['device.app_version', 'device.appVersion', 'device.app.version', 'app_version', 'appVersion'],
        'type': 'text',
        'tolerant': true,
    },
    {'name': 'ip', 'paths': ['ip', 'ip_address', 'ipAddress'], 'type': 'text', 'tolerant': true},
    {'name': 'started_at', 'paths': ['started_at', 'startedAt'], 'type': 'instant', 'required': true},
    {'name': 'last_seen_at', 'paths': ['last_seen_at', 'lastSeenAt'], 'type': 'instant'},
    {'name': 'ended_at', 'paths': ['ended_at', 'endedAt'], 'type': 'instant'},
] %}

{{ read_documents('online_sessions', 'session_id', fields) }}
