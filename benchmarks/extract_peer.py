"""The same load by dlt, with the settings that were fastest for it; runs in the peer's environment.

SQL: record batches by connectorx, CSV into COPY; the first load replaces, the later one merges by key from an
incremental cursor. MongoDB: batches of documents, kept whole as JSON.
"""

import json
import os
import resource
import sys
import tempfile
import time

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
os.environ["DATA_WRITER__BUFFER_MAX_ITEMS"] = "100000"

import dlt  # pyright: ignore[reportMissingImports]


def main() -> None:
    """Load one source with dlt and print the seconds and rows."""
    source_url, warehouse_url, mode, home = sys.argv[1:5]
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=home or tempfile.mkdtemp(),
        destination=dlt.destinations.postgres(warehouse_url),
        dataset_name="peer",
    )
    began = time.perf_counter()
    if source_url.startswith("mongodb"):
        pipeline.run(_documents(source_url), write_disposition="replace")
    else:
        from dlt.sources.sql_database import sql_table  # pyright: ignore[reportMissingImports]

        resource_ = sql_table(
            credentials=source_url,
            table="transactions",
            backend="connectorx" if source_url.startswith("postgresql") else "pyarrow",
            chunk_size=100_000,
            incremental=dlt.sources.incremental("updated_at"),
        )
        resource_.apply_hints(primary_key="id")
        pipeline.run(resource_, write_disposition=mode, loader_file_format="csv")
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def _documents(url: str):
    import pymongo

    @dlt.resource(name="online_sessions", max_table_nesting=0, primary_key="_id")
    def sessions():
        collection = pymongo.MongoClient(url).get_default_database()["online_sessions"]
        batch = []
        for document in collection.find({}, batch_size=2000):
            document["_id"] = str(document["_id"])
            batch.append(document)
            if len(batch) == 10_000:
                yield batch
                batch = []
        yield batch

    return sessions()


if __name__ == "__main__":
    main()
