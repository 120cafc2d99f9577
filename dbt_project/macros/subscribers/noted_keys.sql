{# As changed_keys, where the model says itself, in a hook that makes the table changed_keys, which of its keys moved. #}
{% macro get_incremental_noted_keys_sql(arg_dict) %}
    {% do return(replace_differing_rows(arg_dict, model.config.meta['noted_key'])) %}
{% endmacro %}


{#
  The logons that int_logons_split_by_month has to split: those that came with a load, those that reach past the last
  month that had begun, and all of a subscriber whose own row moved (its months may be cut elsewhere now) or who was
  created after what the last build could see (it had no months then).
#}
{% macro note_logons_to_split() %}
    {%- if execute -%}
        {{ note_data_through() }};
    {%- endif -%}
    {%- if execute and is_incremental() -%}
        {%- set before = data_through_before() %}
        create temporary table changed_keys on commit drop as
        select logon.id as changed_key
        from {{ source('platform', 'logons') }} as logon
        where {{ is_unread('logon', 'platform', 'logons') }}

        union

        select logon.id
        from {{ source('platform', 'logons') }} as logon
        where logon.subscriber_id in (
            select subscriber.id
            from {{ source('platform', 'subscribers') }} as subscriber
            where {{ has_moved('subscriber', 'subscribers', 'subscriber.created_at', before) }}
        )

        union

        select known.logon_id
        from {{ this }} as known
        {% if not has_input_made_anew(model.config.meta.change_sources) %}
        where known.month is null
        {% endif %};

        create unique index on changed_keys (changed_key);
        analyze changed_keys;
    {%- endif -%}
{% endmacro %}


{# The users whose states int_user_states has to make anew. #}
{% macro note_users_that_moved() %}
    {%- if execute and is_incremental() -%}
        create temporary table changed_keys on commit drop as
        select member.id as changed_key
        from {{ source('platform', 'users') }} as member
        where {{ is_unread('member', 'platform', 'users') }}

        union

        select changed.user_id
        from {{ source('platform', 'user_changes') }} as changed
        where {{ is_unread('changed', 'platform', 'user_changes') }}

        {% if has_input_made_anew(model.config.meta.change_sources) %}
        union

        select known.user_id
        from {{ this }} as known
        {% endif %};

        create unique index on changed_keys (changed_key);
        analyze changed_keys;
    {%- endif -%}
{% endmacro %}
