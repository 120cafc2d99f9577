{# Tells readers of the marts how far they now reach, in the transaction of the model that is built last. #}
{% macro record_data_through() %}
    insert into intermediate.recorded_data_through as recorded (source, data_through_at)
    select built.source, built.data_through_at
    from {{ this }} as built
    on conflict (source) do update
    set data_through_at = excluded.data_through_at
    where recorded.data_through_at is distinct from excluded.data_through_at
{% endmacro %}
