{#
  Primary and foreign keys of the marts' tables, where BI tools look for them. Called at the end of a run.

  A primary key takes over the unique index that the model's `unique_key` has already: as a constraint of the contract it
  would be filled row by row (5.8 s against 19 s for 3 million rows). A foreign key stands for each `relationships` test
  between two such tables; the test proves it, PostgreSQL 18 or newer declares it without enforcing it again.
#}
{% macro declare_keys() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- for statement in missing_primary_keys() -%}{%- do run_query(statement) -%}{%- endfor -%}
        {#- asked for afterwards: a foreign key points to a primary key -#}
        {%- for statement in missing_foreign_keys() -%}{%- do run_query(statement) -%}{%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro missing_primary_keys() %}
    {%- set wanted = [] -%}
    {%- for node in graph.nodes.values() if is_keyed_mart(node) -%}
        {%- set key = node.config.unique_key -%}
        {%- set columns = [key] if key is string else key -%}
        {%- do wanted.append("('" ~ relation_of(node) ~ "', array['" ~ columns | sort | join("', '") ~ "'])") -%}
    {%- endfor -%}
    {%- if not wanted -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        "select format('alter table %s add constraint %I primary key using index %I', wanted.relation,"
        ~ " min(relname) || '_pkey', min(indexes.name))"
        ~ " from (values " ~ wanted | join(', ') ~ ") as wanted (relation, columns)"
        ~ " join pg_class on pg_class.oid = to_regclass(wanted.relation)"
        ~ " join lateral ("
        ~ "     select index_class.relname as name"
        ~ "     from pg_index join pg_class as index_class on index_class.oid = indexrelid"
        ~ "     where indrelid = pg_class.oid and indisunique and indisvalid and indpred is null"
        ~ "         and not indnullsnotdistinct and array("
        ~ "             select attname::text from pg_attribute"
        ~ "             where attrelid = indrelid and attnum = any (indkey::int2[]) order by attname"
        ~ "         ) = wanted.columns"
        ~ " ) as indexes on true"
        ~ " where not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)"
        ~ " group by wanted.relation"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{% endmacro %}


{% macro missing_foreign_keys() %}
    {%- set wanted = [] -%}
    {%- for test in graph.nodes.values() if test.resource_type == 'test' and (test.test_metadata or {}).get('name') == 'relationships' -%}
        {%- set child = graph.nodes.get(test.attached_node) -%}
        {%- for parent_id in test.depends_on.nodes if parent_id != test.attached_node -%}
            {%- set parent = graph.nodes.get(parent_id) -%}
            {%- if child and parent and is_keyed_mart(child) and is_keyed_mart(parent) -%}
                {%- do wanted.append(
                    "('" ~ [relation_of(child), test.column_name, relation_of(parent), test.test_metadata.kwargs.field]
                    | join("', '") ~ "')"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not wanted -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        "select format('alter table %s add constraint %I foreign key (%I) references %s (%I) not enforced',"
        ~ " wanted.child, child.relname || '_' || wanted.child_column || '_of_' || parent.relname,"
        ~ " wanted.child_column, wanted.parent, wanted.parent_column)"
        ~ " from (values " ~ wanted | join(', ') ~ ") as wanted (child, child_column, parent, parent_column)"
        ~ " join pg_class as child on child.oid = to_regclass(wanted.child)"
        ~ " join pg_class as parent on parent.oid = to_regclass(wanted.parent)"
        ~ " where current_setting('server_version_num')::int >= 180000"
        ~ " and exists (select from pg_index where indrelid = parent.oid and indisprimary)"
        ~ " and not exists ("
        ~ "     select from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any (conkey)"
        ~ "     where conrelid = child.oid and confrelid = parent.oid and contype = 'f'"
        ~ "         and attname = wanted.child_column"
        ~ " )"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{% endmacro %}


{% macro is_keyed_mart(node) %}
    {{ return(
        node.resource_type == 'model' and node.schema == 'marts' and node.config.materialized == 'incremental'
        and node.config.unique_key is not none and (node.config.unique_key | length) > 0
    ) }}
{% endmacro %}


{% macro relation_of(node) %}
    {{ return(node.schema ~ '.' ~ (node.alias or node.name)) }}
{% endmacro %}
