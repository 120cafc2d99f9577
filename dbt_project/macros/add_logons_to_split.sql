{#
  Adds to the logons that came with a load those with a part in a month whose bounds moved, those with a part in no month (a logoff that
  lay ahead is one), and those that end after data through, whose logoff may lie ahead again. Months lie end to end, so whatever falls
  into a month that moved had a part in it, in a neighbour that moved with it, or in none.
#}
{% macro add_logons_to_split() %}
    {%- if execute and is_incremental() -%}
        insert into changed_keys
        select known.logon_id
        from {{ this }} as known
        inner join ({{ changes_of(['int_subscriber_months'], ['subscriber_id', 'month'], ref('int_subscriber_months')) }}) as moved
            on known.subscriber_id = moved.subscriber_id and known.month = moved.month
        union
        select known.logon_id
        from {{ this }} as known
        where known.month is null
        union
        select known.logon_id
        from {{ this }} as known
        cross join {{ ref('int_platform_data_through') }} as data_through
        where
            known.ended_at > data_through.data_through_at
            -- a part ends in its month
            and known.month > (data_through.data_through_at - interval '33 days')::date
        on conflict do nothing;
        analyze changed_keys;
    {%- endif -%}
{% endmacro %}
