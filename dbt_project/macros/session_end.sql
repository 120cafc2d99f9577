{#
  When a session ended as of data through, never before it began. A logoff that lies ahead has not happened yet: until then
  the session times out as one without a logoff does.
#}
{% macro session_end(logon, data_through_at) -%}
    greatest(
        {{ logon }}.logged_on_at,
        case
            when {{ logon }}.logged_off_at <= {{ data_through_at }} then {{ logon }}.logged_off_at
            else {{ logon }}.last_seen_at + {{ session_timeout() }}
        end
    )
{%- endmacro %}
