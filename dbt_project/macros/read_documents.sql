{#
  Takes the documents of a collection apart, once: a row for each, with its fields and what keeps it from being read.

  fields: a list of {name, paths, type, required, tolerant}.
    paths     where the field may be, in the versions the documents come from; the first that is there and not null counts
    type      integer, number, instant, date or text
    required  a document without the field cannot be read
    tolerant  a value that cannot be read is taken as absent; else it makes the document one that cannot be read
#}
{% macro read_documents(collection, key, fields) %}
-- `offset 0` keeps each value from being looked for again wherever it is used
with located as (
    select
        _id as {{ key }}
        {%- for field in fields %},
        {{ locate_field(field) }} as {{ field.name }}
        {%- endfor %}
    from {{ source('middleware', collection) }}
    where
        _deleted_at is null
        and {{ is_changed('_id') }}
    offset 0
),

documents as (
    select
        {{ key }}
        {%- for field in fields %},
        {{ field.name }} as found_{{ field.name }},
        {{ read_field(field) }} as {{ field.name }}
        {%- endfor %}
    from located
    offset 0
)

select
    {{ key }},
    {%- for field in fields %}
    {{ field.name }},
    {%- endfor %}
    case
        {%- for field in fields if field.required %}
        when found_{{ field.name }} is null then '{{ field.name }} is missing'
        {%- endfor %}
        {%- for field in fields if not field.tolerant %}
        when found_{{ field.name }} is not null and {{ field.name }} is null
            then '{{ field.name }} cannot be read: ' || left(found_{{ field.name }}::text, 200)
        {%- endfor %}
    end as unreadable_reason
from documents
{%- endmacro %}


{% macro read_field(field) -%}
    {%- if field.type == 'date' -%} ({{ function('document_instant') }}({{ field.name }}) at time zone 'UTC')::date
    {%- else -%} {{ function('document_' ~ field.type) }}({{ field.name }})
    {%- endif -%}
{%- endmacro %}


{% macro locate_field(field) -%}
    coalesce(
        {%- for path in field.paths -%}
            {%- set steps = path.split('.') -%}
            {%- if steps | length == 1 -%} nullif(document -> '{{ path }}', 'null')
            {%- else -%} nullif(document #> '{ {{- steps | join(',') -}} }', 'null')
            {%- endif -%}
            {{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
