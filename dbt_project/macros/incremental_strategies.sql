{#
  All strategies leave the table equal to what a build from nothing would make, and touch only the rows that differ:
  a row that is already there, value by value, stays where it is.

  changed_keys:   the model gave all rows of the changed keys; other keys are left alone (rows of theirs that the model gave
                  and the table lacks are added). `noted_keys`: the same, where the model's own hook says which keys moved.
  changed_months: the same for subscribers' months (see changed_subscriber_months.sql).
  sync:           the model gave all rows there are; rows it did not give are deleted.
#}

{% macro get_incremental_changed_keys_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, 'changed_keys', {model.config.meta['changed_key']: 'changed_key'})) %}
{% endmacro %}


{% macro get_incremental_noted_keys_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, 'changed_keys', {model.config.meta['noted_key']: 'changed_key'})) %}
{% endmacro %}


{% macro get_incremental_changed_months_sql(arg_dict) %}
    {% do return(replace_differing_rows(
        arg_dict, 'changed_months', {'subscriber_id': 'subscriber_id', 'month': 'month'}
    )) %}
{% endmacro %}


{% macro get_incremental_sync_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, none, {})) %}
{% endmacro %}


{#
  Replaces the rows that differ, of those that `scope` (a temporary table) names by the columns `scoped_by`. A model whose
  config says what months its rows tell of (`month_changes`) notes the months of the rows that went or came.
#}
{% macro replace_differing_rows(arg_dict, scope, scoped_by) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set given = arg_dict['temp_relation'] -%}
    {%- set unique_key = arg_dict['unique_key'] -%}
    {%- set unique_columns = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set noted = model.config.meta.get('month_changes') -%}

    {%- set same_key -%}
        {%- for column in unique_columns %}{{ ' and ' if not loop.first }}given.{{ column }} = stored.{{ column }}{% endfor -%}
    {%- endset %}

    {%- set delete_what_differs %}
    delete from {{ target }} as stored
    {% if scope %}using {{ scope }} as scope{% endif %}
    where
        {% for column, scope_column in scoped_by.items() %}stored.{{ column }} = scope.{{ scope_column }} and {% endfor %}
        not exists (
            select
            from {{ given }} as given
            where
                {{ same_key }}
                and (
                    {%- for column in columns %}{{ ', ' if not loop.first }}given.{{ column }}{% endfor -%}
                ) is not distinct from (
                    {%- for column in columns %}{{ ', ' if not loop.first }}stored.{{ column }}{% endfor -%}
                )
        )
    {%- endset -%}

    {%- set insert_what_is_missing %}
    insert into {{ target }} as stored ({{ columns | join(', ') }})
    select {% for column in columns %}{{ ', ' if not loop.first }}given.{{ column }}{% endfor %}
    from {{ given }} as given
    where not exists (select from {{ target }} as stored where {{ same_key }})
    {%- endset %}

    analyze {{ given }};

    {% if noted %}
    {{ note_rows('rows_gone', target, columns, noted, delete_what_differs) }}
    {{ note_rows('rows_come', target, columns, noted, insert_what_is_missing) }}
    {{ note_months_of_rows(columns, noted) }}
    {% else %}
    {{ delete_what_differs }};
    {{ insert_what_is_missing }};
    {% endif %}
{% endmacro %}
