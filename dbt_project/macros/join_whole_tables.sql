{#
  For models whose joins all read whole tables: the planner takes conditions such as `valid_from = last_paid_use_at` for rare,
  and row by row such a join takes minutes.
#}
{% macro join_whole_tables() %}
    set local enable_nestloop = off
{% endmacro %}
