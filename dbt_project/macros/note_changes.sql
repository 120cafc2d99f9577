{#
  Notes the keys of rows_gone and rows_come in app.model_changes, in their transaction: whatever moved, each change is noted where the
  row was and where it is. A table's config says which keys its readers follow:
      meta:
          notes: [{customer_id: customer_id}]                       each an expression of the row's columns
          note_months: {from: valid_from, to: valid_to}             subscribers' months that end after `from`; of a row of which only
                                                                    `to` moved, those that end after the earlier of the two
#}
{% macro note_changes(columns) %}
    insert into app.model_changes as noted (relation, key)
    {%- for key in model.config.meta.notes or [] %}
    {{ 'union all' if not loop.first }}
    select distinct
        '{{ this.identifier }}',
        jsonb_build_object({% for name, value in key.items() %}{{ ', ' if not loop.first }}'{{ name }}', {{ value }}{% endfor %})
    from (table rows_gone union all table rows_come) as moved
    where ({{ key.values() | join(', ') }}) is not null
    {%- endfor %}
    {%- set span = model.config.meta.note_months %}
    {%- if span %}
    select distinct '{{ this.identifier }}', jsonb_build_object('subscriber_id', months.subscriber_id, 'month', months.month)
    from (
        {%- for instant in [span.from, span.to] if instant %}
        {%- set compared = columns | reject('equalto', span.to if instant == span.from else '') | join(', ') %}
        {%- for rows, others in [('rows_gone', 'rows_come'), ('rows_come', 'rows_gone')] %}
        select subscriber_id, {{ instant }} as changed_from_at
        from (select {{ compared }} from {{ rows }} except select {{ compared }} from {{ others }}) as moved
        {{ 'union all' if not loop.last }}
        {%- endfor %}
        {{ 'union all' if not loop.last and span.to }}
        {%- endfor %}
    ) as moved
    inner join {{ ref('int_subscriber_months') }} as months
        on moved.subscriber_id = months.subscriber_id and moved.changed_from_at < months.month_end_at
    {%- endif %}
    on conflict (relation, key) do update set change_id = default;
{% endmacro %}
