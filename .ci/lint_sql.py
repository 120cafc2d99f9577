"""Lints every SQL file: those that Python reads, then the dbt project's.

dbt's templater compiles models against a database, a throwaway one started here.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from demo.embedded_postgres import EmbeddedPostgres, throwaway_settings
from demo.errors import DemoError

PROJECT = Path(__file__).parents[1]
STATEMENTS = ("extract", "exports", "orchestration", "demo", "benchmarks")


def main() -> int:
    """The exit code of sqlfluff over the statements and, side by side, the dbt project."""
    statements = start_lint(PROJECT, os.environ, *STATEMENTS)
    found_in_models = lint_dbt_project()
    return statements.wait() or found_in_models


def start_lint(folder: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start sqlfluff in a folder."""
    command = [sys.executable, "-m", "sqlfluff", "lint", "--disable-progress-bar", *sys.argv[1:], *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment)  # noqa: S603


def lint_dbt_project() -> int:
    """The exit code of sqlfluff over the models."""
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
            return start_lint(PROJECT / "dbt_project", environment, "models", "tests", "functions").wait()
        except DemoError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
