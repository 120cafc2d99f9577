{#
  fct_hourly_movements is summed up from all movements once. From then on statement triggers on fct_transactions add the
  rows that come and take off the rows that go, in the transaction that writes them: exactly once, and in proportion to
  what changed. A fct_transactions rebuilt has no triggers, whereupon the sums are rebuilt too.
#}

{% macro hourly_movement_columns(alias, sign='') -%}
    date_trunc('hour', {{ alias }}.confirmed_at, 'UTC') as hour_start_at,
    {{ alias }}.company_id,
    {{ alias }}.customer_type,
    {{ alias }}.currency,
    {{ alias }}.measure,
    case when {{ alias }}.measure in ('activation', 'renewal') then {{ alias }}.package_id end as package_id,
    {{ sign }}count(*) as movement_count,
    {{ sign }}count(*) filter (where {{ alias }}.measure_amount != 0) as nonzero_count,
    {{ sign }}sum({{ alias }}.measure_count) as measure_count,
    ({{ sign }}sum({{ alias }}.measure_amount))::numeric(38, 6) as measure_amount
{%- endmacro %}


{% macro hourly_movement_key() -%}
    hour_start_at, company_id, customer_type, currency, measure, package_id
{%- endmacro %}


{# The sums as a function names them: without the database, which bears another name once it is copied or restored. #}
{% macro hourly_movements_table() -%}
    {{ this.include(database=false) }}
{%- endmacro %}


{# Whether the triggers are on the movements that are there now, and write where the sums are. #}
{% macro are_hourly_movements_kept() %}
    {%- if not execute -%}{{ return(false) }}{%- endif -%}
    {%- set triggers = run_query(
        "select 1 from pg_trigger join pg_proc on pg_proc.oid = pg_trigger.tgfoid"
        ~ " where tgrelid = to_regclass('" ~ ref('fct_transactions') ~ "')"
        ~ " and tgname = 'keep_hourly_movements_of_new_rows'"
        ~ " and strpos(prosrc, 'insert into " ~ hourly_movements_table() ~ " ') > 0"
    ) -%}
    {{ return(triggers.rows | length > 0) }}
{% endmacro %}


{% macro begin_hourly_movements() %}
    {%- if execute and is_incremental() and not are_hourly_movements_kept() -%}
        delete from {{ this }}
    {%- endif -%}
{% endmacro %}


{% macro keep_hourly_movements() %}
    {%- if execute and not (is_incremental() and are_hourly_movements_kept()) -%}
        -- dbt's own indexes know nothing of keys that may be empty
        do $$
        begin
            if not exists (select from pg_index where indrelid = '{{ this }}'::regclass and indisunique) then
                create unique index on {{ this }} ({{ hourly_movement_key() }}) nulls not distinct;
            end if;
        end
        $$;

        {%- for name, sign in [('add', ''), ('take_off', '-')] %}
        create or replace function intermediate.{{ name }}_hourly_movements() returns trigger language plpgsql as $$
        begin
            insert into {{ hourly_movements_table() }} as kept
                ({{ hourly_movement_key() }}, movement_count, nonzero_count, measure_count, measure_amount)
            select {{ hourly_movement_columns('moved', sign) }}
            from moved
            where moved.measure != 'other'
            group by 1, 2, 3, 4, 5, 6
            on conflict ({{ hourly_movement_key() }}) do update
            set
                movement_count = kept.movement_count + excluded.movement_count,
                nonzero_count = kept.nonzero_count + excluded.nonzero_count,
                measure_count = kept.measure_count + excluded.measure_count,
                measure_amount = kept.measure_amount + excluded.measure_amount;

            delete from {{ hourly_movements_table() }} as kept
            using moved
            where
                kept.hour_start_at = date_trunc('hour', moved.confirmed_at, 'UTC')
                and kept.company_id = moved.company_id
                and kept.movement_count = 0;
            return null;
        end
        $$;
        {%- endfor %}

        create or replace function intermediate.refuse_change_behind_hourly_movements() returns trigger
        language plpgsql as $$
        begin
            raise exception 'rows of % are deleted and inserted, never updated or truncated', tg_relid::regclass;
        end
        $$;

        comment on function intermediate.add_hourly_movements() is 'Adds new rows of the ledger to the hourly sums';
        comment on function intermediate.take_off_hourly_movements() is 'Takes rows that left the ledger off the hourly sums';
        comment on function intermediate.refuse_change_behind_hourly_movements() is
            'Refuses changes of the ledger that the hourly sums would not notice';

        create or replace trigger keep_hourly_movements_of_new_rows
        after insert on {{ ref('fct_transactions') }} referencing new table as moved
        for each statement execute function intermediate.add_hourly_movements();

        create or replace trigger keep_hourly_movements_of_gone_rows
        after delete on {{ ref('fct_transactions') }} referencing old table as moved
        for each statement execute function intermediate.take_off_hourly_movements();

        create or replace trigger refuse_change_behind_hourly_movements
        before update or truncate on {{ ref('fct_transactions') }}
        for each statement execute function intermediate.refuse_change_behind_hourly_movements();
    {%- endif -%}
{% endmacro %}
