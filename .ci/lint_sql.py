"""Lints the dbt project: its templater compiles models against a database, a throwaway one started here."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.embedded_postgres import EmbeddedPostgres, throwaway_settings
from demo.errors import DemoError

PROJECT = Path(__file__).parents[1]


def main() -> int:
    """The exit code of sqlfluff over the dbt project."""
    with tempfile.TemporaryDirectory(prefix="subdyn lint ") as folder:
        password = "lint"  # noqa: S105
        server = EmbeddedPostgres(Path(folder) / "postgres", password, throwaway_settings())
        try:
            port = server.start()
            environment = os.environ | {
                "SUBDYN_DBT_HOST": "127.0.0.1",
                "SUBDYN_DBT_PORT": str(port),
                "SUBDYN_DBT_USER": server.superuser,
                "SUBDYN_DBT_PASSWORD": password,
                "SUBDYN_DBT_DATABASE": "postgres",
                "SUBDYN_DBT_ROLE": server.superuser,
                "DBT_TARGET_PATH": f"{folder}/target",
                "DBT_LOG_PATH": f"{folder}/logs",
            }
            command = [
                sys.executable,
                "-m",
                "sqlfluff",
                "lint",
                "--disable-progress-bar",
                *sys.argv[1:],
                "models",
            ]
            return subprocess.run(  # noqa: S603
                command, cwd=PROJECT / "dbt_project", env=environment, check=False
            ).returncode
        except DemoError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
