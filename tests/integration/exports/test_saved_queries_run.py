"""A saved query through Dagster: noticed by the sensor, delivered by one run, shown under its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from exports.errors import InvalidParameter
from exports.queries.run import asked_by, generate, generate_and_store, on_schedule
from exports.queries.store import change, load, save
from exports.result import GeneratedBy
from orchestration.assets.deliveries import DELIVERED, delivery_assets
from orchestration.assets.reports import CUSTOMER_DYNAMICS
from orchestration.checks import HISTORY
from orchestration.compatibility import execute_run
from orchestration.dbt_tests import found_rows
from orchestration.jobs import build_query_jobs
from orchestration.partitions import SAVED_QUERIES
from orchestration.sensors import build_saved_queries_sensor
from orchestration.settings import Settings
from tests.support.billing_rows import (
    add_company,
    add_customer,
    add_movement,
    add_package,
    empty_tables,
)
from tests.support.saved_queries import (
    ADMINISTRATOR,
    ANNA,
    PARAMETERS,
    definition,
    due_rows,
    scheduled,
)
from tests.support.warehouse import Warehouse

CHECKS = dg.AssetChecksDefinition
LOADED = datetime(2024, 3, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(shared_warehouse: Warehouse) -> Warehouse:
    """One movement in 2024; company 8 and package 7 were deleted at the source in 2024."""
    tables = empty_tables()
    add_customer(tables, 1)
    add_movement(tables, 1, datetime(2024, 3, 15, tzinfo=UTC), "10.005")
    add_package(tables, 7, "Silver")
    add_company(tables, 8)
    for table, id_, day in (("packages", 7, 1), ("companies", 8, 2)):
        tables[table][id_,] = {**tables[table][id_,], "deleted_at": datetime(2024, 3, day, tzinfo=UTC)}
    shared_warehouse.hold(tables, LOADED)
    shared_warehouse.build()
    return shared_warehouse


@pytest.fixture
def connection(built: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """The warehouse without saved queries and deliveries."""
    with psycopg.connect(built.admin_url, autocommit=True) as admin:
        admin.execute("truncate app.outbox, app.deliveries, app.saved_query_versions, app.saved_queries")
    with psycopg.connect(built.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def settings(built: Warehouse, tmp_path: Path) -> Settings:
    return Settings.model_validate({"home": tmp_path, "warehouse_url": built.admin_url})


def repository(
    settings: Settings, above: Sequence[dg.AssetsDefinition | dg.AssetChecksDefinition] = ()
) -> dg.RepositoryDefinition:
    """The deliveries, beside whatever stands above a report."""
    jobs = [dg.define_asset_job("deliveries", selection=[DELIVERED]), *build_query_jobs()]
    outgoing = delivery_assets({"nodes": {}, "exposures": {}})
    defs = dg.Definitions(
        assets=[*outgoing, *(made for made in above if not isinstance(made, CHECKS))],
        asset_checks=[made for made in above if isinstance(made, CHECKS)],
        jobs=jobs, resources={"settings": settings}, executor=dg.in_process_executor,
    )  # fmt: skip
    return defs.get_repository_def()


def look(settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    """What the sensor finds; its partitions become known."""
    job = dg.define_asset_job("deliveries", selection=[DELIVERED])
    sensor = build_saved_queries_sensor(settings, job, running=True)
    found = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(found, dg.SensorResult)
    for request in found.dynamic_partitions_requests or ():
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions(str(SAVED_QUERIES.name), request.partition_keys)
        else:
            for key in request.partition_keys:
                instance.delete_dynamic_partition(str(SAVED_QUERIES.name), key)
    return found


def execute(
    settings: Settings,
    instance: dg.DagsterInstance,
    job_name: str,
    key: str | None = None,
    above: Sequence[dg.AssetsDefinition | dg.AssetChecksDefinition] = (),
) -> bool:
    """A run as Dagster launches it; whether it succeeded."""
    found = repository(settings, above)
    job = found.get_job(job_name)
    run = instance.create_run_for_job(job, tags={} if key is None else {"dagster/partition": key})
    list(execute_run(found, run, instance))
    ended = instance.get_run_by_id(run.run_id)
    return ended is not None and ended.status is dg.DagsterRunStatus.SUCCESS


def letters(settings: Settings) -> list[str]:
    """The subjects of the mails that went out."""
    return [message_from_bytes(file.read_bytes())["Subject"] for file in settings.outbox_folder.glob("*.eml")]


def fixed(**parts: Any) -> dict[str, Any]:
    """Parameters of March 2024, which the data cover up to the 20th."""
    dates = {"from_date": "2024-03-01", "to_date": "2024-03-15", "time_zone": "UTC", "currency": "EUR"}
    return {
        "parameters": {**dates, "group_by": "month", **parts},
        "recipients": ["a@x.example", "b@x.example"],
    }


def test_what_is_due_goes_out_in_one_run_and_is_shown_under_its_number(
    settings: Settings, connection: psycopg.Connection[Any]
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=2)
    chart = {"template": "Balance Refill: Total"}
    said = [
        scheduled("* * * * *", title=title, chart=shown, **fixed())
        for title, shown in (("One", chart), ("Two", None))
    ]
    numbers = [str(save(connection, query, ANNA, began).query_id) for query in said]
    with dg.DagsterInstance.ephemeral() as instance:
        found = look(settings, instance)
        assert len(found.run_requests or ()) == 1
        assert instance.get_dynamic_partitions(str(SAVED_QUERIES.name)) == numbers
        shown = [event for event in found.asset_events if isinstance(event, dg.AssetObservation)]
        assert [(event.partition, event.description) for event in shown] == [
            (numbers[0], "One"),
            (numbers[1], "Two"),
        ]
        assert "next due times (UTC)" in shown[0].metadata
        due = len(due_rows(settings.warehouse()))
        assert due >= 4
        assert execute(settings, instance, "deliveries")
        assert {state for *_, state in due_rows(settings.warehouse())} == {"done"}
        assert len(letters(settings)) == due * 2
        assert instance.get_materialized_partitions(DELIVERED) == set(numbers)
        records = instance.fetch_materializations(DELIVERED, limit=20).records
        metadata = next(
            record.asset_materialization.metadata
            for record in records
            if record.asset_materialization and record.partition_key == numbers[0]
        )
        assert metadata["title"].value == "One"
        assert metadata["recipients"].value == "a@x.example, b@x.example"
        assert metadata["rows"].value == 2
        assert "| Month |" in str(metadata["first rows"].value) and "2024\\-03" in str(
            metadata["first rows"].value
        )
        assert str(metadata["chart"].value).startswith("![chart](data:image/png;base64,")
        # nothing changed since: nothing is shown again
        again = look(settings, instance, found.cursor)
        assert list(again.asset_events) == [] and not again.dynamic_partitions_requests


def test_materializing_a_partition_delivers_that_query_now_and_a_wrong_one_is_refused(
    settings: Settings, connection: psycopg.Connection[Any]
) -> None:
    query = save(connection, definition(**fixed()), ANNA, datetime.now(UTC))
    with dg.DagsterInstance.ephemeral() as instance:
        found = look(settings, instance)
        assert found.run_requests == [] and found.skip_reason is not None
        assert execute(settings, instance, "deliveries", str(query.query_id))
        assert len(letters(settings)) == 2
        for key in ("999", "no number"):
            instance.add_dynamic_partitions(str(SAVED_QUERIES.name), [key])
            assert not execute(settings, instance, "deliveries", key)
        assert instance.get_dynamic_partitions(str(SAVED_QUERIES.name)) == [str(query.query_id)]


def test_a_query_is_paused_and_resumed_by_its_number(
    settings: Settings, connection: psycopg.Connection[Any]
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    query = save(connection, scheduled("* * * * *"), ANNA, began)
    with dg.DagsterInstance.ephemeral() as instance:
        key = str(query.query_id)
        instance.add_dynamic_partitions(str(SAVED_QUERIES.name), [key])
        assert execute(settings, instance, "pause_saved_query", key)
        paused = load(connection, query.query_id)
        assert paused.schedule is not None and paused.schedule.is_paused
        assert paused.changed_by.startswith("run ")
        assert not look(settings, instance).run_requests
        assert execute(settings, instance, "resume_saved_query", key)
        resumed = load(connection, query.query_id)
        assert resumed.schedule is not None and not resumed.schedule.is_paused


def test_what_a_killed_run_left_is_asked_for_again_and_no_two_runs_at_a_time(
    settings: Settings, connection: psycopg.Connection[Any]
) -> None:
    save(connection, scheduled("* * * * *", **fixed()), ANNA, datetime.now(UTC) - timedelta(minutes=1))
    with dg.DagsterInstance.ephemeral() as instance:
        assert look(settings, instance).run_requests
        job = repository(settings).get_job("deliveries")
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        found = look(settings, instance)
        assert found.run_requests == [] and found.skip_reason is not None
        assert found.skip_reason.skip_message == "deliveries are on their way already"
        instance.report_run_failed(run)
        assert look(settings, instance).run_requests
        second = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        instance.report_run_failed(second)
        found = look(settings, instance)
        assert found.run_requests == [] and found.skip_reason is not None
        assert "the last two runs failed" in str(found.skip_reason.skip_message)


def test_a_warehouse_that_is_not_migrated_is_left_alone(fresh_database: str, tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "warehouse_url": fresh_database})
    with psycopg.connect(fresh_database) as connection:
        connection.execute("create schema if not exists app; grant usage on schema app to subdyn_pipeline")
    sensor = build_saved_queries_sensor(
        settings, dg.define_asset_job("deliveries", selection=[DELIVERED]), running=False
    )
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(sensor(dg.build_sensor_context(instance=instance)), dg.SkipReason)


@pytest.mark.parametrize(
    ("parts", "company_id", "message"),
    [
        ({"package_id": 7}, None, r"package 7 \(Silver\) was deleted at 2024-03-01 00:00 UTC"),
        ({"company_id": 8}, None, r"company 8 \(Company 8\) was deleted at 2024-03-02 00:00 UTC"),
        ({"package_id": 77}, None, "package 77 is not known any more"),
        ({}, 88, "company 88 is not known any more"),
    ],
)
def test_a_query_whose_company_or_package_was_deleted_names_it(
    settings: Settings,
    connection: psycopg.Connection[Any],
    parts: dict[str, Any],
    company_id: int | None,
    message: str,
) -> None:
    said = scheduled("* * * * *", company_id=company_id, **fixed(**parts))
    query = save(connection, said, ANNA, datetime.now(UTC) - timedelta(minutes=1))
    with pytest.raises(InvalidParameter, match=message) as error:
        generate(connection, query, datetime.now(UTC), on_schedule(query))
    assert str(error.value).startswith(f"{query.name}: ")
    assert str(error.value).endswith(f"subdyn query change {query.query_id}")
    # on schedule its owner is told, and the run goes well
    with dg.DagsterInstance.ephemeral() as instance:
        look(settings, instance)
        assert execute(settings, instance, "deliveries")
    assert {state for *_, state in due_rows(settings.warehouse())} == {"failed"}
    assert all(subject.startswith("failed: ") for subject in letters(settings))


def test_a_relative_interval_is_seen_from_when_the_query_is_asked(
    connection: psycopg.Connection[Any],
) -> None:
    query = save(
        connection, definition(parameters={**PARAMETERS, "time_zone": "UTC"}), ANNA, datetime.now(UTC)
    )
    for month in (3, 4):
        result = generate_and_store(
            connection, query, datetime(2024, month, 5, tzinfo=UTC), asked_by(ANNA, query)
        )
        assert result.asked_interval.from_date.month == month - 1
    limited = replace(query, company_id=1)
    assert asked_by(GeneratedBy("zoe", "analyst", 2), limited).company_id == 2
    assert asked_by(ANNA, limited).company_id == 1
    assert (
        change(connection, query.query_id, 1, replace(query, title="Other"), ANNA, datetime.now(UTC)).version
        == 2
    )


def ledger_above_the_report() -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """The report's asset, the ledger above it and the ledger's reconciliation, under their own names."""

    @dg.asset(key=HISTORY)
    def history() -> None: ...

    @dg.asset(key=CUSTOMER_DYNAMICS, deps=[HISTORY])
    def report() -> None: ...

    @dg.asset_check(asset=HISTORY, name="ledger_equals_live_balances")
    def reconciled() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    return [history, report, reconciled]


def test_a_failed_reconciliation_withholds_it_with_its_rows_until_it_passes(
    settings: Settings, connection: psycopg.Connection[Any]
) -> None:
    above = ledger_above_the_report()
    query = save(connection, definition(owner="anna@x.example", **fixed()), ADMINISTRATOR, datetime.now(UTC))
    found = found_rows([{"customer_id": 1, "ledger_amount": "10.005", "live_amount": "11"}])

    def reconcile(instance: dg.DagsterInstance, passed: bool) -> None:
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=HISTORY,
                check_name="ledger_equals_live_balances",
                passed=passed,
                description="1 customers, the first: customer 1",
                metadata={"first rows": dg.MarkdownMetadataValue(found.markdown())},
            )
        )

    with dg.DagsterInstance.ephemeral() as instance:
        look(settings, instance)
        reconcile(instance, passed=False)
        assert execute(settings, instance, "deliveries", str(query.query_id), above)
        assert execute(settings, instance, "deliveries", None, above)
        (notice,) = settings.outbox_folder.glob("*.eml")
        letter = message_from_bytes(notice.read_bytes(), policy=policy.default)
        assert letter["To"] == "anna@x.example"
        text = " ".join(str(letter.get_payload(decode=True)).split())
        assert "ledger_equals_live_balances failed: 1 customers, the first: customer 1" in text
        assert "customer_id 1, ledger_amount 10.005, live_amount 11" in text
        row = connection.execute("select state, result_id from app.deliveries").fetchall()
        assert row == [("withheld", None)]

        reconcile(instance, passed=True)
        assert execute(settings, instance, "deliveries", None, above)
        assert len(letters(settings)) == 3
        assert [state for *_, state in due_rows(settings.warehouse())] == ["done"]
