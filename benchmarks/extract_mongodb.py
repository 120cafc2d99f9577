"""MongoDB to the raw schema against a raw BSON drain of the same server, and dlt.

The server at SUBDYN_BENCH_MONGO_URL, else an embedded one, whose own speed is the first line: what counts is
what the load adds to it.
"""

import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bson import ObjectId
from pymongo import MongoClient

from benchmarks.extract_setting import Run, compare, execute, peer_python, postgresql, reported
from demo.embedded_mongo import EmbeddedMongo


def main(documents: int = 50_000) -> None:
    """Prints the comparison and the documents per second beyond the drain; the limit is 25,000."""
    peer = peer_python()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = tempfile.mkdtemp(prefix="subdyn-bench-peer-")
    name = f"bench_{secrets.token_hex(4)}"
    own = None if "SUBDYN_BENCH_MONGO_URL" in os.environ else EmbeddedMongo(Path(home) / "mongo")
    base = own.url(own.start(), "").rstrip("/") if own else os.environ["SUBDYN_BENCH_MONGO_URL"].rstrip("/")
    source = f"{base}/{name}"
    client: MongoClient = MongoClient(source)
    collection = client[name]["online_sessions"]
    try:
        _fill(collection, documents)
        with postgresql() as server:
            warehouse = server.database("warehouse")

            def drain() -> Run:
                began = time.perf_counter()
                for _ in collection.find_raw_batches({}, batch_size=2_000):
                    pass
                return Run(time.perf_counter() - began)

            def ours() -> Run:
                execute(warehouse, "drop schema if exists raw_middleware cascade")
                return reported("extract_run.py", source, warehouse)

            def theirs() -> Run:
                execute(warehouse, "drop schema if exists peer cascade")
                return reported(
                    "extract_peer.py", source, warehouse, "replace", f"{home}/peer", python=peer or ""
                )

            runs = {"raw BSON drain": drain, "this project": ours} | ({"dlt": theirs} if peer else {})
            found = compare(f"MongoDB, {documents:,} documents", runs, 2)
            for who in [name for name in found if name != "raw BSON drain"]:
                beyond = found[who].seconds - found["raw BSON drain"].seconds
                print(f"  {who}: {documents / beyond:,.0f} documents/s beyond the drain")
    finally:
        client.drop_database(name)
        client.close()
        if own:
            own.stop()
        shutil.rmtree(home, ignore_errors=True)


def _fill(collection, documents: int) -> None:
    dice = random.Random(1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for first in range(0, documents, 5_000):
        collection.insert_many(
            {
                "_id": ObjectId(),
                "client_id": number % 7,
                "customer_id": number,
                "account_id": number * 3,
                "device": {"uid": f"{dice.getrandbits(48):012x}", "type": "stb", "app_version": "1.2.3"},
                "ip": f"10.0.{number // 250 % 250}.{number % 250}",
                "started_at": start + timedelta(seconds=number),
                "last_seen_at": start + timedelta(seconds=number + 600),
                "ended_at": start + timedelta(seconds=number + 900),
                "updated_at": start + timedelta(seconds=number + 900),
            }
            for number in range(first, min(first + 5_000, documents))
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
