-- One row per session of ours that has waited for a lock for longer than %(after_seconds)s, and session it waits for.
select
    waiting.pid as waiting_pid,
    waiting.application_name as waiting_name,
    case wanted.locktype
        when 'relation' then wanted.relation::regclass::text
        when 'transactionid' then 'the end of a transaction'
        else wanted.locktype
    end as locked,
    wanted.waitstart as waiting_since,
    blocker.pid as blocker_pid,
    session.usename as blocker_user,
    session.application_name as blocker_name,
    -- known of one's own logins only, unless one is a member of pg_read_all_stats
    session.xact_start as blocker_since
from pg_stat_activity as waiting
inner join pg_locks as wanted on waiting.pid = wanted.pid and not wanted.granted
cross join lateral unnest(pg_blocking_pids(waiting.pid)) as blocker (pid)
left join pg_stat_activity as session on blocker.pid = session.pid
where
    waiting.datname = current_database()
    and waiting.usename = session_user
    and (waiting.application_name = 'dbt' or starts_with(waiting.application_name, %(own_name)s))
    and wanted.waitstart <= clock_timestamp() - make_interval(secs => %(after_seconds)s)
order by wanted.waitstart, waiting.pid, blocker.pid
