{#
  Both strategies leave the table equal to what a build from nothing would make, and touch only the rows that differ:
  a row that is already there, value by value, stays where it is.

  changed_keys: the model gave all rows of the changed keys; other keys are left alone (rows of theirs that the model gave
                and the table lacks are added).
  sync:         the model gave all rows there are; rows it did not give are deleted.
#}

{% macro get_incremental_changed_keys_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, model.config.meta['changed_key'])) %}
{% endmacro %}


{% macro get_incremental_sync_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, none)) %}
{% endmacro %}


{% macro replace_differing_rows(arg_dict, changed_key) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set given = arg_dict['temp_relation'] -%}
    {%- set unique_key = arg_dict['unique_key'] -%}
    {%- set unique_columns = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}

    {%- set same_key -%}
        {%- for column in unique_columns %}{{ ' and ' if not loop.first }}given.{{ column }} = stored.{{ column }}{% endfor -%}
    {%- endset %}

    analyze {{ given }};

    delete from {{ target }} as stored
    {% if changed_key %}using changed_keys{% endif %}
    where
        {% if changed_key %}stored.{{ changed_key }} = changed_keys.changed_key and{% endif %}
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
        );

    insert into {{ target }} ({{ columns | join(', ') }})
    select {% for column in columns %}{{ ', ' if not loop.first }}given.{{ column }}{% endfor %}
    from {{ given }} as given
    where not exists (select from {{ target }} as stored where {{ same_key }});
{% endmacro %}
