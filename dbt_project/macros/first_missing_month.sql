{# The first month start that the table of checkpoints lacks, as text; none where it has them all or is not built yet. #}
{% macro first_missing_month() %}
    {%- if not execute or not is_incremental() -%}{{ return(none) }}{%- endif -%}
    {%- set found = run_query(
        "select min(month_start_at)::text from " ~ ref('int_month_starts')
        ~ " where month_start_at > (select coalesce(max(month_start_at), '-infinity') from " ~ this ~ ")"
    ) -%}
    {{ return(found.rows[0][0]) }}
{% endmacro %}
