"""Builds the platform's side of a warehouse as a run does: loaded, then built by dbt, as of a moment."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from orchestration.connection_url import dbt_environment

PROJECT = Path(__file__).parents[3] / "dbt_project"


def build(warehouse_url: str, as_of: datetime, scratch: Path, *arguments: str) -> None:
    """Build the platform's models, or what the arguments select, without tests; fails in dbt's words."""
    command = [
        str(Path(sys.executable).with_name("dbt")),
        *("build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")),
        *("--vars", json.dumps({"sources": ["platform"], "as_of": as_of.isoformat()})),
        *("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"),
        *arguments,
    ]
    environment = {**os.environ, **dbt_environment(warehouse_url)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
