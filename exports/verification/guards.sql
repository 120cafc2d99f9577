-- What keeps the closed tables closed and is not as it should be, one line each.
with expected (table_name, trigger_name) as (
    values
    ('subscriber_metrics_monthly', 'refuse_change'),
    ('subscriber_metrics_monthly', 'refuse_false_link'),
    ('subscriber_metric_evidence', 'refuse_change'),
    ('restatements', 'refuse_change')
),

found as (
    select
        expected.table_name,
        expected.trigger_name,
        relation.oid,
        relation.relowner::regrole::text as owner_name,
        guard.tgenabled
    from expected
    left join pg_class as relation
        on
            relation.relname = expected.table_name
            and relation.relnamespace = 'closed'::regnamespace
            and relation.relkind = 'r'
    left join pg_trigger as guard on guard.tgrelid = relation.oid and guard.tgname = expected.trigger_name
)

select
    case
        when found.oid is null then concat('closed.', found.table_name, ' is gone')
        when found.tgenabled is null
            then concat('closed.', found.table_name, ' has lost its trigger ', found.trigger_name)
        when found.tgenabled <> 'A'
            then concat('trigger ', found.trigger_name, ' of closed.', found.table_name, ' is not always on')
        else concat('closed.', found.table_name, ' belongs to ', found.owner_name)
    end as fault
from found
where found.oid is null or found.tgenabled is distinct from 'A' or found.owner_name <> 'subdyn_owner'
order by fault
