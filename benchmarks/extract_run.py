"""One load of this project in a process of its own; prints seconds and peak memory."""

import json
import resource
import sys
import time
from datetime import UTC, datetime

from benchmarks.extract_setting import TRANSACTIONS
from extract.load import load_collection, load_table
from extract.sources.middleware import COLLECTIONS

AS_OF = datetime(2030, 1, 1, tzinfo=UTC)


def main() -> None:
    """Load one source with this project and print the seconds and rows."""
    source_url, warehouse_url = sys.argv[1:3]
    began = time.perf_counter()
    if source_url.startswith("mongodb"):
        load_collection(COLLECTIONS[0], source_url, warehouse_url, AS_OF)
    else:
        load_table(TRANSACTIONS, source_url, warehouse_url, AS_OF)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main()
