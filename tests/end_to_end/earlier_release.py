"""Keeps a home and a warehouse as this release leaves them, for the test of the next one's upgrade.

`python -m tests.end_to_end.earlier_release FOLDER` closes months, runs the nightly job for a small operator,
and writes the warehouse's dump and what the home needs: Dagster's settings, and the anchors of closed months.
"""

import lzma
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.embedded_mongo import EmbeddedMongo
from demo.embedded_postgres import EmbeddedPostgres, program, throwaway_settings
from demo.operator.create import create
from orchestration.headless import run_job
from tests.support.installation import AS_OF, LAST_DAY, OperatorUrls, open_installation

WAREHOUSE, DAGSTER, ANCHORS = "warehouse.sql.xz", "dagster.yaml", "closed_anchors.jsonl"


def make_small_operator(urls: OperatorUrls) -> None:
    """The operator that the warehouse was filled from, the same every time."""
    create(urls, customers=12, months=2, seed=7, ending=LAST_DAY, subscribers=2)


def _keep(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "home"
        postgres = EmbeddedPostgres(Path(temporary) / "postgres", "password", throwaway_settings())
        mongo = EmbeddedMongo(Path(temporary) / "mongo")
        try:
            port = postgres.start()
            urls = {name: postgres.url(port, name) for name in ("warehouse", "billing", "platform")}
            for name in urls:
                admin = ["--maintenance-db", postgres.url(port, "postgres")]
                subprocess.run([program("createdb"), *admin, name], check=True)
            middleware = mongo.url(mongo.start(), "middleware")
            operator = OperatorUrls(urls["billing"], urls["platform"], middleware)
            make_small_operator(operator)
            settings = open_installation(home, urls["warehouse"], operator)
            for job in ("monthly_close", "nightly"):
                assert run_job(settings, job, AS_OF).failures == ()
            dump = subprocess.run([program("pg_dump"), urls["warehouse"]], check=True, capture_output=True)
        finally:
            mongo.stop()
            postgres.stop()
        (folder / WAREHOUSE).write_bytes(lzma.compress(dump.stdout, preset=9))
        shutil.copy(home / "dagster" / DAGSTER, folder)
        shutil.copy(home / ANCHORS, folder)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
