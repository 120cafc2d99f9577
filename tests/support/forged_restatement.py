"""What someone with the pipeline's own rights can add to the ledger: a row that links, and no run found."""

import psycopg

Key = tuple[int, str]

_FORGE = """
with forged as (
    select
        row(
            sealed.subscriber_id, sealed.month, 'super_users',
            coalesce(last_row.restatement, 0) + 1,
            sealed.super_users::text, coalesce(last_row.value_now, sealed.super_users::text),
            (coalesce(last_row.value_now, sealed.super_users::text)::integer + %(added)s)::text,
            %(added)s, 'users', null, %(noticed_at)s, 1, coalesce(head.position, 0) + 1,
            coalesce(head.row_hash, closed.restatements_start()), null
        )::closed.restatements as made
    from (
        select * from closed.subscriber_metrics_monthly
        where subscriber_id = coalesce(%(subscriber_id)s, subscriber_id)
        order by subscriber_id, month
        limit 1
    ) as sealed
    left join lateral (
        select * from closed.restatements as late
        where (late.subscriber_id, late.month) = (sealed.subscriber_id, sealed.month)
            and late.metric = 'super_users'
        order by late.restatement desc
        limit 1
    ) as last_row on true
    left join lateral (
        select * from closed.restatements where position is not null order by position desc limit 1
    ) as head on true
)

insert into {table}
select
    (made).subscriber_id, (made).month, (made).metric, (made).restatement, (made).closed_value,
    (made).previous_value, (made).value_now, (made).difference, (made).cause, (made).load_id,
    (made).noticed_at, (made).definition_version, (made).position, (made).previous_hash,
    closed.link((made).previous_hash, closed.restatement_text(made))
from forged
returning subscriber_id, to_char(month, 'YYYY-MM') as month, closed_value::integer, position
"""


def forge_restatement(
    pipeline: psycopg.Connection,
    noticed_at: object,
    added: int = 3,
    subscriber_id: int | None = None,
    table: str = "closed.restatements",
) -> tuple[int, str, int, int]:
    """Append a restatement that nothing bears out; subscriber, month, closed value and place."""
    row = pipeline.execute(
        _FORGE.replace("{table}", table).encode(),
        {"added": added, "noticed_at": noticed_at, "subscriber_id": subscriber_id},
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2], row[3]
