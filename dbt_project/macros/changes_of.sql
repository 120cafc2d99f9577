{# The keys that tables noted since this model last read them, as columns of `relation`, whose types they have. #}
{% macro changes_of(tables, columns, relation) %}
        select distinct {% for column in columns %}{{ ', ' if not loop.first }}noted.{{ column }}{% endfor %}
        from app.model_changes as change
        cross join lateral jsonb_populate_record(null::{{ relation.include(database=false) }}, change.key) as noted
        where
            change.relation in ('{{ tables | join("', '") }}')
            and change.change_id > {{ read_position('model_changes') }}
            and change.key ?& array['{{ columns | join("', '") }}']
{%- endmacro %}
