{# For models that go through the months one by one: no month comes twice, so nothing is kept for a second time. #}
{% macro month_by_month() %}
    set local enable_memoize = off
{% endmacro %}


{# For a model that mostly finds nothing where much is planned for: compiling its query takes longer than the query. #}
{% macro few_rows_of_many() %}
    set local jit = off
{% endmacro %}


{# For a model with as many rows as its input: passing them on from process to process costs less than is planned for. #}
{% macro share_among_processes() %}
    set local parallel_tuple_cost = 0
{% endmacro %}


{# A table that was just made has no statistics yet, and what reads it next is planned by them. #}
{% macro analyze_when_new() %}
    {% if execute and not is_incremental() %} analyze {{ this }} {% endif %}
{% endmacro %}
