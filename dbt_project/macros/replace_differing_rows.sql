{#
  Leaves a table equal to what a build from nothing would make, and touches only the rows that differ: a row that is already there,
  value by value, stays where it is. Rows not given are deleted, of the keys in changed_keys where the table is `scoped_by` columns.
#}
{% macro replace_differing_rows(arg_dict, scoped_by) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set given = arg_dict['temp_relation'] -%}
    {%- set unique_key = arg_dict['unique_key'] or scoped_by -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set is_noted = model.config.meta.notes or model.config.meta.note_months -%}
    {%- set is_same_row -%}
        {% for column in ([unique_key] if unique_key is string else unique_key) %}given.{{ column }} = stored.{{ column }} and {% endfor %}
        (given.{{ columns | join(', given.') }}) is not distinct from (stored.{{ columns | join(', stored.') }})
    {%- endset -%}

    analyze {{ given }};
    {% if is_noted %}
    create temporary table rows_gone on commit drop as select * from {{ target }} with no data;
    create temporary table rows_come on commit drop as select * from {{ target }} with no data;
    with moved as (
    {% endif %}
    delete from {{ target }} as stored
    {% if scoped_by %}using changed_keys{% endif %}
    where
        {% for column in scoped_by %}stored.{{ column }} = changed_keys.{{ column }} and {% endfor %}
        not exists (select from {{ given }} as given where {{ is_same_row }})
    {% if is_noted %}returning stored.*) insert into rows_gone select * from moved{% endif %};

    {% if is_noted %}with moved as ({% endif %}
    insert into {{ target }} as stored ({{ columns | join(', ') }})
    select given.{{ columns | join(', given.') }}
    from {{ given }} as given
    where not exists (select from {{ target }} as stored where {{ is_same_row }})
    {% if is_noted %}returning stored.*) insert into rows_come select * from moved{% endif %};

    {% if is_noted %}{{ note_changes(columns) }}{% endif %}
{% endmacro %}
