{#
  How far each incremental model has read each of its inputs.

  A model that follows its inputs names them in its config:
      meta: {changed_key: customer_id, change_feed: int_customer_changes}    follows a feed of changed keys
      meta: {changed_key: _id, change_sources: [[middleware, online_sessions]]}    follows raw tables by _load_id
  Before the model the keys that moved are put into the temporary table `changed_keys`, together with the positions they
  were read up to; after it the positions are recorded in the transaction of the model's rows. What arrives in
  between is found again next time. A position beyond what the input has (it was made anew) counts as none.
#}

{% macro before_model() %}
    {%- set meta = model.config.get('meta', {}) -%}
    {%- if execute and (meta.get('change_feed') or meta.get('change_sources')) -%}
        create temporary table noted_positions on commit drop as
        select
            input.name as input,
            input.last_position,
            case
                when {{ 'false' if is_incremental() else 'true' }} then 0
                when watermark.position > input.last_position then 0
                else coalesce(watermark.position, 0)
            end as read_position
        from (
            {%- for input in change_inputs(meta) %}
            {{ 'union all' if not loop.first }}
            select '{{ input.name }}' as name, coalesce(max({{ input.position }}), 0)::bigint as last_position
            from {{ input.relation }}
            {%- endfor %}
        ) as input
        left join intermediate.model_watermarks as watermark
            on watermark.model = '{{ this.identifier }}' and watermark.input = input.name;

        {% if is_incremental() and meta.get('changed_key') and meta.get('noted_keys', true) -%}
        create temporary table changed_keys on commit drop as
        {%- for input in change_inputs(meta) %}
        {{ 'union' if not loop.first }}
        select distinct changed.{{ meta['changed_key'] }} as changed_key
        from {{ input.relation }} as changed
        where changed.{{ input.position }} > (
            select noted.read_position from noted_positions as noted where noted.input = '{{ input.name }}'
        )
        {%- endfor %};

        create unique index on changed_keys (changed_key);
        analyze changed_keys;
        {%- endif %}
    {%- endif -%}
{% endmacro %}


{% macro after_model() %}
    {%- set meta = model.config.get('meta', {}) -%}
    {%- if execute and (meta.get('change_feed') or meta.get('change_sources')) -%}
        insert into intermediate.model_watermarks as watermark (model, input, position)
        select '{{ this.identifier }}', noted.input, noted.last_position
        from noted_positions as noted
        on conflict (model, input) do update
        set position = excluded.position
        where watermark.position is distinct from excluded.position
    {%- endif -%}
{% endmacro %}


{# The inputs a model follows: name, relation and the column whose value grows with every change. #}
{% macro change_inputs(meta) %}
    {%- set inputs = [] -%}
    {%- if meta.get('change_feed') -%}
        {%- do inputs.append({'name': meta['change_feed'], 'relation': ref(meta['change_feed']), 'position': 'change_id'}) -%}
    {%- endif -%}
    {%- for pair in meta.get('change_sources', []) -%}
        {%- do inputs.append({
            'name': 'raw/' ~ pair[0] ~ '/' ~ pair[1], 'relation': source(pair[0], pair[1]), 'position': '_load_id'
        }) -%}
    {%- endfor -%}
    {{ return(inputs) }}
{% endmacro %}


{# The condition that keeps an incremental run to the keys that moved; always true in a build from nothing. #}
{% macro is_changed(key) -%}
    {%- if is_incremental() -%} {{ key }} in (select changed_keys.changed_key from changed_keys)
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}
