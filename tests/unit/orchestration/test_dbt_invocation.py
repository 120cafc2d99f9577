"""What becomes of what dbt says."""

import subprocess
import sys
from pathlib import Path

import pytest
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation
from packaging.version import Version

from orchestration.dbt_resource import errors_of, messages_of

FAILING = """
import json, sys
for level, text in (("info", "Running"), ("error", "Database Error\\n  connection refused")):
    print(json.dumps({"info": {"name": "MainMessage", "level": level, "msg": text}, "data": {}}))
sys.exit(2)
"""


def invoked(program: str, folder: Path) -> DbtCliInvocation:
    return DbtCliInvocation(
        process=subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE),
        manifest={},
        dagster_dbt_translator=DagsterDbtTranslator(),
        project_dir=folder,
        target_path=folder,
        raise_on_error=False,
        cli_version=Version("1.11.0"),
    )


def test_what_dbt_says_stays_off_the_terminal_and_its_error_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invocation = invoked(FAILING, tmp_path)
    assert len(list(messages_of(invocation))) == 2
    assert errors_of(invocation) == "Database Error connection refused"
    assert capsys.readouterr().out == ""
