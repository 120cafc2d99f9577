-- Closed rows that are not what they were when they were closed, each with its fault.
--
-- The hashes are taken here with nothing but PostgreSQL's own functions: whoever could alter a closed row could alter the
-- functions that live beside it as well. A row's hash is over its values as a JSON array, instants in UTC to the
-- microsecond, ended by closed_as_of and the grace in rows that have them; its evidence's over the rows in PostgreSQL's binary format for records.
with evidence as (
    select
        counted.subscriber_id,
        counted.month,
        count(*) as evidence_rows,
        encode(
            sha256(
                string_agg(
                    record_send(
                        row(
                            counted.user_id,
                            counted.user_name,
                            counted.user_type,
                            counted.seat,
                            counted.is_locked_out,
                            counted.is_enabled,
                            counted.seat_during,
                            counted.enabled_during,
                            counted.logon_ids,
                            counted.online_during,
                            counted.online_microseconds
                        )
                    ),
                    '' order by counted.user_id
                )
            ),
            'hex'
        ) as evidence_hash
    from closed.subscriber_metric_evidence as counted
    group by counted.subscriber_id, counted.month
),

chained as (
    select
        sealed.*,
        encode(
            sha256(
                convert_to(
                    coalesce(sealed.previous_hash, '') || E'\n' || (jsonb_build_array(
                        sealed.subscriber_id,
                        to_char(sealed.month, 'YYYY-MM-DD'),
                        sealed.subscriber_name,
                        sealed.time_zone,
                        to_char(sealed.month_start_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                        to_char(sealed.month_end_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                        sealed.super_users,
                        sealed.enabled_staff,
                        sealed.active_staff,
                        sealed.enabled_managers,
                        sealed.active_managers,
                        sealed.enabled_reps,
                        sealed.active_reps,
                        sealed.concurrent_max,
                        to_char(sealed.concurrent_max_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                        sealed.logon_minutes,
                        sealed.file_limit_mb,
                        sealed.file_limit_setting_id,
                        sealed.commission_items,
                        sealed.commission_run_id,
                        sealed.process_fields,
                        sealed.input_loads,
                        sealed.evidence_rows,
                        sealed.evidence_hash,
                        to_char(sealed.data_through_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                        to_char(sealed.closed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                        sealed.closed_late,
                        sealed.definition_version
                    ) || case
                        when sealed.closed_as_of is null then '[]'
                        else jsonb_build_array(
                            to_char(sealed.closed_as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                            sealed.closing_grace_hours
                        )
                    end)::text,
                    'UTF8'
                )
            ),
            'hex'
        ) as hash_now,
        lag(sealed.row_hash) over in_order as hash_before,
        lag(sealed.month) over in_order as month_before
    from closed.subscriber_metrics_monthly as sealed
    window in_order as (partition by sealed.subscriber_id order by sealed.month)
),

faults as (
    select
        coalesce(chained.subscriber_id, evidence.subscriber_id) as subscriber_id,
        coalesce(chained.month, evidence.month) as month,
        unnest(
            array[
                case when chained.month is null then 'its closed row is gone, the evidence is still there' end,
                case when chained.row_hash <> chained.hash_now then 'the row is not what was closed' end,
                case
                    when chained.month_before <> (chained.month - interval '1 month')::date
                        then 'the month before it is gone'
                    when chained.previous_hash is distinct from chained.hash_before
                        then 'it does not follow from the month before it, which was changed or is gone'
                end,
                case
                    when
                        chained.month is not null
                        and (coalesce(evidence.evidence_rows, 0), coalesce(evidence.evidence_hash, encode(sha256(''), 'hex')))
                        is distinct from (chained.evidence_rows, chained.evidence_hash)
                        then 'its evidence is not what was closed'
                end
            ]
        ) as fault
    from chained
    full join evidence
        on chained.subscriber_id = evidence.subscriber_id and chained.month = evidence.month
)

select
    faults.subscriber_id,
    faults.month,
    faults.fault
from faults
where faults.fault is not null
order by faults.subscriber_id, faults.month, faults.fault
