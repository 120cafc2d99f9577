-- Restatements that are not what they were when they were written, or do not follow from what was known before, each with
-- its fault. As in chain.sql, hashes are taken with PostgreSQL's own functions alone.
with texts as (
    select
        late.*,
        jsonb_build_array(
            late.position,
            late.subscriber_id,
            to_char(late.month, 'YYYY-MM-DD'),
            late.metric,
            late.restatement,
            late.closed_value,
            late.previous_value,
            late.value_now,
            late.difference,
            late.cause,
            late.load_id,
            to_char(late.noticed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            late.definition_version
        )::text as row_text
    from closed.restatements as late
),

-- what was there before there was a chain
start as (
    select
        encode(
            sha256(
                convert_to(
                    string_agg(
                        texts.row_text, E'\n'
                        order by texts.subscriber_id, texts.month, texts.metric collate "C", texts.restatement
                    ),
                    'UTF8'
                )
            ),
            'hex'
        ) as start_hash
    from texts
    where texts.position is null
),

followed as (
    select
        texts.*,
        start.start_hash,
        encode(sha256(convert_to(coalesce(texts.previous_hash, '') || E'\n' || texts.row_text, 'UTF8')), 'hex') as hash_now,
        lag(texts.position) over in_order as position_before,
        lag(texts.row_hash) over in_order as hash_before,
        lag(texts.restatement) over of_metric as restatement_before,
        lag(texts.value_now) over of_metric as value_before,
        coalesce(
            case
                when texts.metric = 'concurrent_max_at' then extract(epoch from texts.value_now::timestamptz)
                else texts.value_now::numeric
            end, 0
        )
        - coalesce(
            case
                when texts.metric = 'concurrent_max_at' then extract(epoch from texts.previous_value::timestamptz)
                else texts.previous_value::numeric
            end, 0
        ) as difference_now,
        case
            when texts.metric = 'concurrent_max_at'
                then to_char(sealed.concurrent_max_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            else to_jsonb(sealed) ->> texts.metric
        end as closed_value_now
    from texts
    cross join start
    left join closed.subscriber_metrics_monthly as sealed
        on texts.subscriber_id = sealed.subscriber_id and texts.month = sealed.month
    window
        in_order as (order by texts.position nulls first),
        of_metric as (partition by texts.subscriber_id, texts.month, texts.metric order by texts.restatement)
),

faults as (
    select
        followed.subscriber_id,
        followed.month,
        concat(
            followed.metric, ', restatement ', followed.restatement,
            coalesce(' (' || followed.position || ')', ' (before there was a chain)')
        ) as value,
        unnest(
            array[
                case when followed.row_hash <> followed.hash_now then 'the row is not what was written' end,
                case
                    when followed.position is null then null
                    when followed.position = 1 and followed.previous_hash is distinct from followed.start_hash
                        then 'the rows of the release before the chain are not what they were'
                    when followed.position > 1 and followed.position_before is distinct from followed.position - 1
                        then 'the row before it is gone'
                    when followed.position > 1 and followed.previous_hash is distinct from followed.hash_before
                        then 'it does not follow from the row before it, which was changed or is gone'
                end,
                case
                    when followed.restatement > 1 and followed.restatement_before is distinct from followed.restatement - 1
                        then 'the restatement before it is gone'
                    when
                        followed.previous_value
                        is distinct from case
                            when followed.restatement = 1 then followed.closed_value
                            else followed.value_before
                        end
                        then concat(
                            'its previous value ', coalesce(followed.previous_value, 'none'), ' was not the one known before'
                        )
                end,
                case
                    when followed.closed_value is distinct from followed.closed_value_now
                        then concat('its closed value is not that of the closed month')
                end,
                case
                    when followed.difference <> followed.difference_now
                        then concat('its difference ', followed.difference, ' is not that of its values')
                end
            ]
        ) as fault
    from followed
)

select
    faults.subscriber_id,
    faults.month,
    faults.value,
    faults.fault
from faults
where faults.fault is not null
order by faults.subscriber_id, faults.month, faults.value, faults.fault
