{# Data through of the platform as a position that grows, in microseconds since 1970; it may also go back. #}
{% macro data_through_input() %}
    {{ return({
        'name': 'int_platform_data_through',
        'relation': ref('int_platform_data_through'),
        'position': '(extract(epoch from data_through_at) * 1000000)::bigint',
    }) }}
{% endmacro %}


{% macro note_data_through() %}
    {%- if execute -%}
        {%- set input = data_through_input() -%}
        insert into noted_positions (input, position)
        select '{{ input.name }}', max({{ input.position }})
        from {{ input.relation }}
        having count(*) > 0
    {%- endif -%}
{% endmacro %}


{#
  Data through as the last build of this model read it, if it has moved since; else nothing. What happens from there on
  was not seen then, though its row may have been extracted. After it went back nothing was seen rightly: 1970.
#}
{% macro data_through_before() %}
    {%- set input = data_through_input() -%}
    {%- set before = read_position(input) -%}
    {%- set now = run_query('select max(' ~ input.position ~ ') from ' ~ input.relation).rows[0][0] | int -%}
    {{ return(none if before == now else "(timestamptz '1970-01-01 00:00:00+00' + interval '1 microsecond' * " ~ before ~ ")") }}
{% endmacro %}


{#
  The condition that a raw row has moved since the last build: it came with a load, or it happened after what that build
  could see, though it had been extracted.
#}
{% macro has_moved(alias, table, instant, before) -%}
    ({{ is_unread(alias, 'platform', table) }}{% if before %} or {{ instant }} >= {{ before }}{% endif %})
{%- endmacro %}
