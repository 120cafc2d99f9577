{#
  Adds the customers with a row at whose `instant` another rate into the reporting currency holds now, and those of a company whose row
  changed, as its days may begin elsewhere.
#}
{% macro add_customers_of_changed_rates(instant) %}
    {%- if execute and is_incremental() -%}
        {%- set periods = ref('int_reporting_rate_periods') -%}
        {%- set changed -%}
            (
                {{ changes_of(['int_reporting_rate_periods'], ['time_zone', 'currency', 'valid_from_date'], periods) }}
            ) as changed (time_zone, currency, valid_from_date)
        {%- endset -%}
        {#- a literal, so that the planner sees how few rows lie beyond it -#}
        {%- set changed_from = run_query(
            "select min(valid_from_at)::text from " ~ periods ~ " inner join " ~ changed ~ " using (time_zone, currency, valid_from_date)"
        ).rows[0][0] -%}
        insert into changed_keys
        select customers.customer_id
        from {{ ref('dim_customer') }} as customers
        where customers.company_id in ({{ changes_of(['dim_company'], ['company_id'], ref('dim_company')) }})
        {% if changed_from is not none %}
        union
        select known.customer_id
        from {{ this }} as known
        inner join {{ ref('dim_customer') }} as customers on known.customer_id = customers.customer_id
        inner join {{ ref('dim_company') }} as companies on customers.company_id = companies.company_id
        inner join (
            select time_zone, currency, unnest(range_agg(tstzrange(valid_from_at, valid_to_at))) as changed_during
            from (
                select *, lead(valid_from_at) over (partition by time_zone, currency order by valid_from_date) as valid_to_at
                from {{ periods }}
            ) as periods
            inner join {{ changed }} using (time_zone, currency, valid_from_date)
            group by time_zone, currency
        ) as rates
            on
                companies.time_zone = rates.time_zone
                and customers.currency = rates.currency
                and known.{{ instant }} <@ rates.changed_during
        where known.{{ instant }} >= '{{ changed_from }}'
        {% endif %}
        on conflict do nothing;
        analyze changed_keys;
    {%- endif -%}
{% endmacro %}
