{# A row where an input of this model was never read, or was rebuilt since: nothing is known of the rows it had before. #}
{% macro rebuilt_inputs() %}
    select 1
    from ({{ input_positions() }}) as reached
    left join app.model_watermarks as recorded on recorded.model = '{{ this.identifier }}' and recorded.input = reached.input
    where
        recorded.position is null
        or (reached.input like 'raw/%' and recorded.position > reached.position)
        or exists (
            select from app.model_changes as change
            where
                reached.input = 'model_changes'
                and change.relation in ('{{ model.config.meta.inputs | join("', '") if model.config.meta.inputs }}')
                and change.key = '{}'
                and change.change_id > recorded.position
        )
{%- endmacro %}
