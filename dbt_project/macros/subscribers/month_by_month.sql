{#
  For models that go through the months one by one: many processes may share the months, though their table is small;
  no month comes twice, so nothing is kept for a second time.
#}
{% macro month_by_month() %}
    set local min_parallel_table_scan_size = 0;
    set local enable_memoize = off
{% endmacro %}


{# A table that was just made has no statistics yet, and what reads it next is planned by them. #}
{% macro analyze_when_new() %}
    {% if execute and not is_incremental() %} analyze {{ this }} {% endif %}
{% endmacro %}
