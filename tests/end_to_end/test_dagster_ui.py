"""What `subdyn up` shows and does, asked as the pages of the UI ask: by GraphQL, of the started server."""

import json
import secrets
import shutil
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from orchestration.runs import AS_OF_TAG
from orchestration.settings import Settings
from tests.conftest import PostgresServer
from tests.end_to_end.house import AS_OF, subdyn, wait_for

CLOSED = {"path": ["closed", "subscriber_metrics_monthly"]}
LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "subscriber_dynamics"}
# what the page of a job lists, and the timeline keeps of all runs
RUNS = """
query($job: PipelineSelector!) {
  pipelineOrError(params: $job) {
    ... on Pipeline { pipelineSnapshotId runs { runId status pipelineSnapshotId
      repositoryOrigin { repositoryName repositoryLocationName } } }
  }
}
"""
RUN = """
query($run: ID!) {
  runOrError(runId: $run) { ... on Run { status parentRunId stepStats { stepKey status }
    eventConnection { events { __typename
      ... on LogMessageEvent { level message }
      ... on ObservationEvent { description partition } } } } }
}
"""
LAUNCH = """
mutation($run: ExecutionParams!) {
  launchPipelineExecution(executionParams: $run) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""
EXECUTE_AGAIN = """
mutation($run: ExecutionParams!) {
  launchPipelineReexecution(executionParams: $run) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""
MONTHS = """
query($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode { partitionKeys assetPartitionStatuses {
      ... on DefaultPartitionStatuses { materializedPartitions failedPartitions } } }
  }
}
"""
NEVER_MADE = """
{ assetNodes { assetKey { path } isPartitioned assetMaterializations(limit: 1) { runId } } }
"""


@dataclass(frozen=True)
class Ui:
    """A started `subdyn up`."""

    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer's one field."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            answer = json.load(response)
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    def launch(self, mutation: str, selector: dict[str, Any], **parameters: Any) -> str:
        """The id of a run that was launched as a click does it."""
        launched = self.ask(
            mutation, run={"selector": {**LOCATION, **selector}, "mode": "default", **parameters}
        )
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def ended(self, run_id: str) -> Any:
        """The run as its page shows it, once it has ended."""
        wait_for(lambda: self.ask(RUN, run=run_id)["status"] in ("SUCCESS", "FAILURE", "CANCELED"))
        return self.ask(RUN, run=run_id)

    def months(self) -> Any:
        """The closed months' partitions and which of them are shown as materialized."""
        return self.ask(MONTHS, asset=CLOSED)


@pytest.fixture(scope="module")
def ui_house(
    nightly_house: Settings, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A copy of the house, with its runs and its warehouse, that may be changed."""
    name = f"e2e_ui_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server.url, autocommit=True) as server:
        original = nightly_house.warehouse_login().rpartition("/")[2]
        query = "create database {} template {}"
        server.execute(sql.SQL(query).format(sql.Identifier(name), sql.Identifier(original)))
        # what may be done with a database is not copied with it
        grant = "grant connect, create, temporary on database {} to subdyn_pipeline"
        server.execute(sql.SQL(grant).format(sql.Identifier(name)))
    home = tmp_path_factory.mktemp("the UI") / "home"
    shutil.copytree(nightly_house.home, home)
    yield nightly_house.model_copy(
        update={
            "home": home,
            "warehouse_url": SecretStr(postgres_server.database_url(name)),
            # no schedule starts a run of its own
            "embedded": True,
        }
    )
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def ui(ui_house: Settings) -> Iterator[Ui]:
    """`subdyn up` in that house, ready to answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    log = ui_house.home / "up.log"
    with log.open("w") as output:
        started = subdyn(ui_house, "up", "--port", str(port), output=output)
    found = Ui(f"http://127.0.0.1:{port}/graphql")

    def is_ready() -> bool:
        assert started.poll() is None, log.read_text()
        try:
            return bool(
                found.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
            )
        except urllib.error.URLError:
            return False

    try:
        wait_for(is_ready)
        yield found
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=120)


def test_a_run_of_the_command_line_is_one_of_its_job(ui: Ui) -> None:
    job = ui.ask(RUNS, job={"pipelineName": "nightly", **LOCATION})
    (run,) = job["runs"]
    assert run["status"] == "SUCCESS"
    # the timeline groups by it, and only a run with it can be executed again
    assert run["repositoryOrigin"] == LOCATION
    assert run["pipelineSnapshotId"] == job["pipelineSnapshotId"]


def test_everything_was_made_before_the_first_click(ui: Ui) -> None:
    assets = ui.ask(NEVER_MADE)
    assert len(assets) > 50
    unmade = [asset["assetKey"]["path"] for asset in assets if not asset["assetMaterializations"]]
    assert unmade == []


def test_the_ui_executes_a_command_line_run_again_closes_a_range_and_says_why_it_does_not(ui: Ui) -> None:
    wait_for(lambda: ui.months()["partitionKeys"] == ["2026-01", "2026-02", "2026-03"])
    shown = {"materializedPartitions": ["2026-01", "2026-02"], "failedPartitions": []}
    assert ui.months()["assetPartitionStatuses"] == shown

    parent = ui.ask(RUNS, job={"pipelineName": "nightly", **LOCATION})["runs"][0]["runId"]
    again = ui.launch(
        EXECUTE_AGAIN,
        {"pipelineName": "nightly"},
        stepKeys=["raw__platform__subscribers"],
        executionMetadata={
            "parentRunId": parent,
            "rootRunId": parent,
            "tags": [{"key": AS_OF_TAG, "value": AS_OF.isoformat()}],
        },
    )
    earlier = AS_OF - timedelta(days=1)
    refused = ui.launch(
        LAUNCH,
        {"pipelineName": "hourly"},
        executionMetadata={"tags": [{"key": AS_OF_TAG, "value": earlier.isoformat()}]},
    )
    # as the daemon launches a backfill of several months
    several = ui.launch(
        LAUNCH,
        {"pipelineName": "__ASSET_JOB", "assetSelection": [CLOSED]},
        executionMetadata={
            "tags": [
                {"key": "dagster/asset_partition_range_start", "value": "2026-01"},
                {"key": "dagster/asset_partition_range_end", "value": "2026-02"},
            ]
        },
    )
    too_early = ui.launch(
        LAUNCH,
        {"pipelineName": "__ASSET_JOB", "assetSelection": [CLOSED]},
        executionMetadata={"tags": [{"key": "dagster/partition", "value": "2026-03"}]},
    )

    executed = ui.ended(again)
    assert (executed["status"], executed["parentRunId"]) == ("SUCCESS", parent)

    told = ui.ended(refused)
    assert (told["status"], told["stepStats"]) == ("FAILURE", [])
    errors = [
        event["message"] for event in told["eventConnection"]["events"] if event.get("level") == "ERROR"
    ]
    assert errors == [
        "as-of 2026-03-31T06:00:00Z lies before 2026-04-01T06:00:00Z, up to which billing is loaded:"
        " a run's as-of only moves forward"
    ]

    assert ui.ended(several)["status"] == "SUCCESS"
    observed = [
        (event["partition"], event["description"].partition(" for ")[0])
        for event in ui.ended(too_early)["eventConnection"]["events"]
        if event["__typename"] == "ObservationEvent"
    ]
    assert observed == [("2026-03", "2026-03 is not closed")]
    assert ui.months()["assetPartitionStatuses"] == shown


def test_the_command_line_refuses_an_as_of_that_goes_back_or_ahead(ui_house: Settings) -> None:
    for as_of, told in (
        ("2026-03-31T06:00Z", "as-of 2026-03-31T06:00:00Z lies before 2026-04-01T06:00:00Z"),
        ("2126-03-31", "as-of 2126-03-31T00:00:00Z lies more than 5 minutes ahead of the clock"),
    ):
        refused = subdyn(ui_house, "run", "monthly-close", "--as-of", as_of)
        _, text = refused.communicate(timeout=300)
        assert refused.returncode == 2, text
        assert text.splitlines()[-1].startswith(f"subdyn: {told}")
        assert "Traceback" not in text
