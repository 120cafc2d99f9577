{#
  The value that the rows so far last gave, this row included; rows that give none are passed over. Reads the columns and
  the window of int_user_states: change_number, so_far.
#}
{% macro last_known(value) -%}
    substr(max(to_char(change_number, 'FM000000000000') || {{ value }}) over so_far, 13)
{%- endmacro %}
