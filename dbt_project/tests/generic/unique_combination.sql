{% test unique_combination(model, columns) %}
    {{ config(fail_calc='count(*)') }}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
