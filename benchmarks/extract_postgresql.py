"""PostgreSQL to raw against a bare pipe and dlt: 2,000,000 rows of 8 columns, then 1 % changed."""

import shutil
import sys
import tempfile

from benchmarks.extract_setting import (
    PSQL,
    Run,
    compare,
    execute,
    peer_python,
    postgresql,
    reported,
    timed,
)

COLUMNS = (
    "id bigint, customer_id bigint, kind text, amount numeric(20,6), currency text, note text,"
    " created_at timestamptz, updated_at timestamptz"
)


def main(rows: int = 2_000_000) -> None:
    """Prints both comparisons; the limits are 2 x the pipe, and 5 x the pipe plus 1 s, under 300 MB."""
    peer = peer_python()
    home = tempfile.mkdtemp(prefix="subdyn-bench-peer-")
    with postgresql() as server:
        source, warehouse = server.database("source"), server.database("warehouse")
        execute(
            source,
            f"create table transactions ({COLUMNS}, primary key (id))",
            "insert into transactions"
            " select i, i % 200000, 'service_charge', -(i % 1000) / 7.0, 'USD', 'note ' || i, at, at"
            f" from generate_series(1, {rows}) as i, lateral"
            " (select timestamptz '2026-01-01' + i * interval '1 s' as at) as moved",
            "create index on transactions (updated_at)",
            "vacuum analyze transactions",
        )

        def pipe(condition: str = "true") -> Run:
            execute(warehouse, "drop table if exists piped", f"create table piped ({COLUMNS})")
            return timed(
                f"'{PSQL}' -d '{source}' -c \"copy (select * from transactions where {condition}) to stdout\""
                f" | '{PSQL}' -d '{warehouse}' -c 'copy piped from stdin'"
            )

        def ours() -> Run:
            execute(warehouse, "drop schema if exists raw_bench cascade")
            return reported("extract_run.py", source, warehouse)

        def theirs() -> Run:
            execute(warehouse, "drop schema if exists peer cascade")
            shutil.rmtree(home)
            return reported("extract_peer.py", source, warehouse, "replace", home, python=peer or "")

        runs = {"psql | psql": pipe, "this project": ours}
        compare(f"PostgreSQL, {rows:,} rows, first load", runs | ({"dlt": theirs} if peer else {}), 2)

        changed = 0

        def changed_pipe() -> Run:
            nonlocal changed
            changed += 1
            execute(
                source,
                f"update transactions set amount = amount + 1, updated_at = timestamptz '2027-01-01'"
                f" + {changed} * interval '1 day' + id * interval '1 ms' where id % 100 = {changed}",
            )
            return pipe(f"updated_at >= timestamptz '2027-01-01' + {changed} * interval '1 day'")

        again = {
            "psql | psql": changed_pipe,
            "this project": lambda: reported("extract_run.py", source, warehouse),
        }
        if peer:
            again["dlt"] = lambda: reported("extract_peer.py", source, warehouse, "merge", home, python=peer)
        compare(f"PostgreSQL, {rows // 100:,} of {rows:,} rows changed", again)
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
