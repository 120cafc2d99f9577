{#
  A foreign key, for BI tools, for each `relationships` test between two marts with a primary key. The test proves it, so that PostgreSQL
  18 or newer declares it without enforcing it; at the end of a run, as a table rebuilt takes along the keys that point to it.
#}
{% macro declare_foreign_keys() %}
    {%- set wanted = [] -%}
    {%- for test in (graph.nodes.values() if execute and flags.WHICH in ('build', 'run') else []) if test.test_metadata -%}
        {%- set child = graph.nodes.get(test.attached_node) -%}
        {%- for parent_id in test.depends_on.nodes if test.test_metadata.name == 'relationships' and parent_id != test.attached_node -%}
            {%- set parent = graph.nodes.get(parent_id) -%}
            {%- if child.schema == 'marts' and parent.schema == 'marts' -%}
                {%- set name = (child.alias ~ '_' ~ test.column_name ~ '_of_' ~ parent.alias)[:63] -%}
                {%- set key = [child.alias, name, test.column_name, parent.alias, test.test_metadata.kwargs.field] -%}
                {%- do wanted.append("('" ~ key | join("', '") ~ "')") -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if wanted %}
        do $$
        declare statement text;
        begin
            for statement in
                select format(
                    'alter table marts.%I add constraint %I foreign key (%I) references marts.%I (%I) not enforced',
                    wanted.child, wanted.name, wanted.child_column, wanted.parent, wanted.parent_column
                )
                from (values {{ wanted | join(', ') }}) as wanted (child, name, child_column, parent, parent_column)
                where
                    current_setting('server_version_num')::int >= 180000
                    and (
                        select count(*) from pg_index
                        where indisprimary and indrelid in (to_regclass('marts.' || child), to_regclass('marts.' || parent))
                    ) = case when child = parent then 1 else 2 end
                    and not exists (
                        select from pg_constraint where conrelid = to_regclass('marts.' || child) and conname = wanted.name
                    )
            loop execute statement; end loop;
        end
        $$
    {%- endif -%}
{% endmacro %}
