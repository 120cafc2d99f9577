{{ config(
    severity='warn',
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'stg_platform__subscriber_settings'}}},
) }}

-- a row with a word that nobody knows is set aside until it is mended in the source: what held before it holds on
{% for model, key in {
    'stg_platform__users': 'user_id',
    'stg_platform__user_changes': 'user_change_id',
    'stg_platform__subscriber_settings': 'setting_id',
}.items() %}
{{ 'union all' if not loop.first }}
select
    '{{ model | replace('stg_platform__', '') }}' as raw_table,
    {{ key }} as row_id,
    subscriber_id,
    rejection_reason
from {{ ref(model) }}
where rejection_reason is not null
{% endfor %}
