{# Ends a test's query: nothing where `found` has no rows, else an error that counts them and names the first twenty. #}
{% macro fail_naming(found, what, name_column) %}
select {{ function('raise_error') }}('{{ what }}: ' || string_agg(named.name, ', ') || max(named.more)) as failed
from (
    select
        {{ name_column }}::text as name,
        case when count(*) over () > 20 then ' and ' || (count(*) over () - 20) || ' more' else '' end as more
    from {{ found }}
    order by {{ name_column }}
    limit 20
) as named
having count(*) > 0
{% endmacro %}
