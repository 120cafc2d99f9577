{{ config(
    enabled='middleware' in var('sources'),
    meta={'dagster': {'ref': {'name': 'stg_middleware__rejected_documents'}}},
) }}

-- every document that was extracted is either read or rejected
{% for collection in ['online_sessions', 'account_activity', 'daily_statistics'] %}
    {{ 'union all' if not loop.first }}
    select
        '{{ collection }}' as collection,
        counts.*
    from (
        select
            (
                select count(*)
                from {{ source('middleware', collection) }}
                where _deleted_at is null
            ) as extracted_count,
            (select count(*) from {{ ref('stg_middleware__' ~ collection) }}) as read_count,
            (
                select count(*)
                from {{ ref('stg_middleware__rejected_documents') }}
                where collection = '{{ collection }}'
            ) as rejected_count
    ) as counts
    where counts.extracted_count != counts.read_count + counts.rejected_count
{% endfor %}
