{#
  Lets bi_reader into the schema of the marts; what it may read there, each model's `grants` config says. At the start of
  every run, since a schema dropped by hand comes back without its grants; nothing is written where it is in already.
#}
{% macro grant_usage_of_marts() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% call statement('grant_usage_of_marts') %}
            create schema if not exists marts;

            do $$
            begin
                if not has_schema_privilege('bi_reader', 'marts', 'usage') then
                    grant usage on schema marts to bi_reader;
                end if;
            end
            $$;
        {% endcall %}
    {% endif %}
{% endmacro %}
