{# Whether a subscriber's module was on just before the instant up to which a month is counted; off until it is set. #}
{% macro module_is_on(module, months) -%}
    exists (
        select
        from {{ ref('int_settings_in_force') }} as module
        where
            module.subscriber_id = {{ months }}.subscriber_id
            and module.setting = '{{ module }}'
            and module.setting_value = 'on'
            and module.valid_from < {{ months }}.counted_until
            and module.valid_to >= {{ months }}.counted_until
    )
{%- endmacro %}
