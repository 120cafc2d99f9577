{#
  How far each incremental model has read each of its inputs.

  A model that follows its inputs names them in its config:
      meta: {changed_key: customer_id, change_feed: int_customer_changes}    follows a feed of changed keys
      meta: {changed_key: session_id, source_key: _id, change_sources: [[middleware, online_sessions]]}
                                                                           follows raw tables by _load_id
      meta: {month_inputs: [int_user_states]}      follows subscribers' months (subscribers/changed_subscriber_months.sql)
  Before the model the keys that moved are put into the temporary table `changed_keys`, and the positions that its inputs
  have reached are noted; after it they are recorded in the transaction of the model's rows. What arrives in between is
  found again next time. A position beyond what the input has (the input was rebuilt) counts as none.
#}

{% macro before_model() %}
    {%- set meta = model.config.get('meta', {}) -%}
    {%- set inputs = change_inputs(meta) -%}
    {%- if execute and inputs -%}
        create temporary table noted_positions on commit drop as
        {%- for input in inputs %}
        {{ 'union all' if not loop.first }}
        select '{{ input.name }}' as input, coalesce(max({{ input.position }}), 0)::bigint as position
        from {{ input.relation }}
        {%- endfor %};

        {% if is_incremental() and meta.get('changed_key') -%}
        create temporary table changed_keys on commit drop as
        {%- for input in inputs %}
        {{ 'union' if not loop.first }}
        select distinct changed.{{ input.key or meta.get('source_key', meta['changed_key']) }} as changed_key
        from {{ input.relation }} as changed
        where changed.{{ input.position }} > {{ read_position(input) }}
        {%- if input.row %}
        union
        select known.{{ meta['changed_key'] }}
        from {{ this }} as known
        inner join {{ input.relation }} as changed on known.{{ input.row }} = changed.id
        where changed.{{ input.position }} > {{ read_position(input) }}
        {%- endif %}
        {%- endfor %};

        create unique index on changed_keys (changed_key);
        analyze changed_keys;
        {%- endif %}
        {% if is_incremental() and meta.get('month_inputs') %}{{ note_changed_months(meta['month_inputs']) }}{% endif %}
    {%- endif -%}
{% endmacro %}


{% macro after_model() %}
    {%- if execute and change_inputs(model.config.get('meta', {})) -%}
        insert into intermediate.model_watermarks as watermark (model, input, position)
        select '{{ this.identifier }}', noted.input, noted.position
        from noted_positions as noted
        on conflict (model, input) do update
        set position = excluded.position
        where watermark.position is distinct from excluded.position;
    {%- endif -%}
    {%- if execute and not is_incremental() and model.config.get('meta', {}).get('month_changes') -%}
        {{ note_every_month() }}
    {%- endif -%}
{% endmacro %}


{# The inputs a model follows: name, relation and the column whose value grows with every change. #}
{% macro change_inputs(meta) %}
    {%- set inputs = [] -%}
    {%- if execute and meta.get('change_feed') -%}
        {%- do inputs.append({'name': meta['change_feed'], 'relation': ref(meta['change_feed']), 'position': 'change_id'}) -%}
    {%- endif -%}
    {%- for pair in meta.get('change_sources', []) if execute -%}
        {%- do inputs.append(raw_input(*pair)) -%}
    {%- endfor -%}
    {%- if execute and meta.get('month_inputs') -%}
        {%- do inputs.extend(month_inputs(meta['month_inputs'])) -%}
    {%- endif -%}
    {{ return(inputs) }}
{% endmacro %}


{# Up to where this model has read an input: a number, so that the planner sees how little lies beyond it. #}
{% macro read_position(input) %}
    {%- set found = run_query(
        "select watermark.position from intermediate.model_watermarks as watermark"
        ~ " where watermark.model = '" ~ this.identifier ~ "' and watermark.input = '" ~ input.name ~ "'"
        ~ " and watermark.position <= (select max(" ~ input.position ~ ") from " ~ input.relation ~ ")"
    ) -%}
    {{ return(found.rows[0][0] | int if found.rows | length else 0) }}
{% endmacro %}


{# Up to where this model has read each of its inputs, as recorded: a dictionary without those it never read. #}
{% macro recorded_positions() %}
    {%- set recorded = {} -%}
    {%- set found = run_query(
        "select watermark.input, watermark.position from intermediate.model_watermarks as watermark"
        ~ " where watermark.model = '" ~ this.identifier ~ "'"
    ) -%}
    {%- for row in found.rows -%}{%- do recorded.update({row[0]: row[1] | int}) -%}{%- endfor -%}
    {{ return(recorded) }}
{% endmacro %}


{# The condition that keeps an incremental run to the keys that moved; always true in a build from nothing. #}
{% macro is_changed(key) -%}
    {%- if is_incremental() -%} {{ key }} in (select changed_keys.changed_key from changed_keys)
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}
