{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='process_field_id',
    indexes=[{'columns': ['process_field_id'], 'unique': true}, {'columns': ['subscriber_id']}],
    meta={
        'raw_inputs': [
            {'source': 'platform', 'table': 'process_forms', 'key': 'id'},
            {'source': 'platform', 'table': 'process_fields', 'key': 'id'},
        ],
        'note_months': {'from': 'valid_from', 'to': 'valid_to'},
    },
) }}

-- depends_on: {{ ref('int_subscriber_months') }}
select
    field.process_field_id,
    field.subscriber_id,
    greatest(field.created_at, form.created_at) as valid_from,
    coalesce(least(field.trashed_at, form.trashed_at), 'infinity') as valid_to
from {{ ref('stg_platform__process_fields') }} as field
inner join {{ ref('stg_platform__process_forms') }} as form on field.process_form_id = form.process_form_id
where coalesce(least(field.trashed_at, form.trashed_at), 'infinity') > greatest(field.created_at, form.created_at)
