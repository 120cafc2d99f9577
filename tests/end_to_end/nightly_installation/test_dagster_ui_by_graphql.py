"""What `subdyn up` shows and does, asked as the pages of the UI ask: by GraphQL, of the started server."""

from datetime import timedelta
from email import message_from_bytes

from orchestration.runs import AS_OF_TAG
from orchestration.settings import Settings
from tests.support.dagster_ui import CLOSED, LOCATION, Ui
from tests.support.installation import AS_OF, rows, subdyn, wait_for

# what the page of a job lists, and the timeline keeps of all runs
RUNS = """
query($job: PipelineSelector!) {
  pipelineOrError(params: $job) {
    ... on Pipeline { pipelineSnapshotId runs { runId status pipelineSnapshotId
      repositoryOrigin { repositoryName repositoryLocationName } } }
  }
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
DELIVERED = {"path": ["deliveries", "saved_queries"]}
SWITCH = """
mutation($sensor: SensorSelector!) { startSensor(sensorSelector: $sensor) { __typename } }
"""
NEVER_MADE = """
{ assetNodes { assetKey { path } isPartitioned assetMaterializations(limit: 1) { runId } } }
"""


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
    # nothing is delivered before somebody saves a query
    assert unmade == [DELIVERED["path"]]


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

    message = ui.ended(refused)
    assert (message["status"], message["stepStats"]) == ("FAILURE", [])
    errors = [
        event["message"] for event in message["eventConnection"]["events"] if event.get("level") == "ERROR"
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


def test_the_command_line_refuses_an_as_of_that_goes_back_or_ahead(ui_installation: Settings) -> None:
    for as_of, message in (
        ("2026-03-31T06:00Z", "as-of 2026-03-31T06:00:00Z lies before 2026-04-01T06:00:00Z"),
        ("2126-03-31", "as-of 2126-03-31T00:00:00Z lies more than 5 minutes ahead of the clock"),
    ):
        refused = subdyn(ui_installation, "run", "monthly-close", "--as-of", as_of)
        _, text = refused.communicate(timeout=300)
        assert refused.returncode == 2, text
        assert text.splitlines()[-1].startswith(f"subdyn: {message}")
        assert "Traceback" not in text


def test_saved_queries_go_out_by_their_schedule_and_at_a_click(ui: Ui, ui_installation: Settings) -> None:
    def say(*arguments: str) -> None:
        said = subdyn(ui_installation, "query", *arguments)
        _, message = said.communicate(timeout=120)
        assert said.returncode == 0, message

    clients = ("--report", "customer-dynamics", "--from", "2026-01-01", "--to", "2026-02-28")
    say("save", "--title", "Clients", *clients, "--timezone", "UTC", "--send-to", "ann@operator.example")
    say("schedule", "Clients", "--cron", "* * * * *", "--timezone", "UTC")
    seats = ("--report", "subscriber-metrics", "--month", "2026-02")
    say("save", "--title", "Seats", *seats, "--send-to", "bob@operator.example")
    switched = ui.ask(SWITCH, sensor={**LOCATION, "sensorName": "saved_queries"})
    assert switched["__typename"] == "Sensor"

    # the daemon shows the queries as partitions, and starts a run when one is due
    wait_for(lambda: len(ui.partitions(DELIVERED)["partitionKeys"]) == 2, pause=0.5)
    number = str(rows(ui_installation, "select query_id from app.saved_queries where title = 'Seats'")[0][0])
    clicked = ui.launch(
        LAUNCH,
        {"pipelineName": "deliveries"},
        executionMetadata={"tags": [{"key": "dagster/partition", "value": number}]},
    )
    assert ui.ended(clicked)["status"] == "SUCCESS"
    wait_for(
        lambda: (
            set(ui.partitions(DELIVERED)["assetPartitionStatuses"]["materializedPartitions"])
            == set(ui.partitions(DELIVERED)["partitionKeys"])
        )
    )
    mails = [message_from_bytes(file.read_bytes()) for file in ui_installation.outbox_folder.glob("*.eml")]
    sent = {(mail["To"], str(mail["Subject"]).partition(",")[0]) for mail in mails}
    # the installation's own mails of failed runs lie in the same folder
    assert {mail for mail in sent if mail[0] != ui_installation.mail_from} == {
        ("ann@operator.example", "Clients"),
        ("bob@operator.example", "Seats"),
    }
    (due,) = rows(
        ui_installation, "select distinct requested_by from app.deliveries where due_at is not null"
    )
    assert due == ("schedule",)
    say("schedule", "Clients", "--pause")
