"""DuckDB at the work of the three heavy models: split by month, merge per user, sweep.

`subscriber_peer.py FOLDER`, in the peer's environment: reads logons.csv and months.csv there into a
database of its own, then times the work; writes metrics.csv and prints its seconds and peak memory.
"""

import json
import resource
import sys
import time
from pathlib import Path

import duckdb  # pyright: ignore[reportMissingImports] -- lives in the environment of the benchmarks alone

LOAD = """
create table months (
    subscriber_id bigint, month bigint, month_start_at timestamptz, month_end_at timestamptz,
    data_through_at timestamptz
);
create table logons (subscriber_id bigint, user_id bigint, logged_on_at timestamptz, ended_at timestamptz);
copy months from '{folder}/months.csv' (header);
copy logons from '{folder}/logons.csv' (header);
"""

RESULT = """
copy (
    select subscriber_id, month, concurrent_max, epoch_us(concurrent_max_at), logon_minutes
    from swept inner join minutes using (subscriber_id, month)
    order by 1, 2
) to '{folder}/metrics.csv' (header false)
"""


def main(folder: Path) -> None:
    """Do the work once."""
    (folder / "peer.duckdb").unlink(missing_ok=True)
    connection = duckdb.connect(str(folder / "peer.duckdb"))
    connection.execute("set timezone = 'UTC'")
    connection.execute(LOAD.format(folder=folder))
    began = time.perf_counter()
    connection.execute((Path(__file__).parent / "subscriber_peer.sql").read_text())
    seconds = time.perf_counter() - began
    connection.execute(RESULT.format(folder=folder))
    print(
        json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
