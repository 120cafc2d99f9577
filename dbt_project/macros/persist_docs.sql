{# Descriptions go into the database only where they differ from what it holds: a rerun changes no catalogue row. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) %}
    {%- set wanted = {} -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do wanted.update({'': model.description}) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() if column.description -%}
            {%- do wanted.update({column.name: column.description}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if wanted -%}
        {%- set held = run_query(
            "select coalesce(a.attname, '') as name, d.description from pg_description as d "
            ~ "left join pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0 "
            ~ "where d.classoid = 'pg_class'::regclass and d.objoid = '" ~ relation ~ "'::regclass"
        ) -%}
        {%- set stored = {} -%}
        {%- for row in held.rows -%}{%- do stored.update({row[0]: row[1]}) -%}{%- endfor -%}
        {%- set statements = [] -%}
        {%- for name, description in wanted.items() if stored.get(name) != description -%}
            {%- if name == '' -%}
                {%- do statements.append(
                    'comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is ' ~ postgres_escape_comment(description)
                ) -%}
            {%- else -%}
                {%- do statements.append(
                    'comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is ' ~ postgres_escape_comment(description)
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if statements -%}{%- do run_query(statements | join('; ')) -%}{%- endif -%}
    {%- endif -%}
{% endmacro %}
