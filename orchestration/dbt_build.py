"""One dbt build inside this process, its events turned into Dagster's as they come."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from extract.errors import NeverRetry
from extract.prepare import prepare_sources
from orchestration.dbt_manifest import common_arguments, dbt_variables, manifest_object, use_warehouse
from orchestration.dbt_translator import (
    StreetTranslator,
    asset_nodes,
    check_key,
    functions_beside,
    node_key,
)
from orchestration.locks import build_lock, reported_waits
from orchestration.retries import again_later
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

_RESULTS = {"LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"}
# What went well becomes a materialization or a check result; as a log line it would be stored a second time.
_LEVELS = {"warn": "WARNING", "error": "ERROR"}
_BETWEEN_CANCELS_SECONDS = 0.1
# Said when a server went away or two transactions met: the same build may succeed later.
_PASSING = (
    "could not connect",
    "connection refused",
    "connection timed out",
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "deadlock detected",
    "could not serialize",
)


def selected_nodes(
    manifest: Mapping[str, Any],
    translator: StreetTranslator,
    asset_keys: Iterable[dg.AssetKey],
    check_keys: Iterable[dg.AssetCheckKey],
) -> list[str]:
    """The unique ids of the models and tests behind these assets and checks."""
    wanted_assets, wanted_checks = set(asset_keys), set(check_keys)
    nodes = [
        unique_id
        for unique_id, node in asset_nodes(manifest).items()
        if dg.AssetKey(node_key(node)) in wanted_assets
    ]
    if wanted_checks:
        nodes += [
            unique_id
            for unique_id in manifest["nodes"]
            if check_key(manifest, translator, unique_id) in wanted_checks
        ]
    return nodes


def build_arguments(
    manifest: Mapping[str, Any], unique_ids: Iterable[str], variables: Mapping[str, object]
) -> list[str]:
    """dbt's arguments to build exactly these nodes, and the functions that go with them."""
    nodes = list(unique_ids)
    resources = [manifest["nodes"][unique_id] for unique_id in nodes]
    resources += [manifest["functions"][unique_id] for unique_id in functions_beside(manifest, nodes)]
    names = [f"fqn:{'.'.join(resource['fqn'])}" for resource in resources]
    return [
        "build",
        "--select", *names,
        "--indirect-selection", "empty",
        "--exclude-resource-type", "unit_test",
        "--vars", json.dumps(variables),
        "--no-write-json",
    ]  # fmt: skip


def build(
    context: dg.AssetExecutionContext,
    settings: Settings,
    manifest: Mapping[str, Any],
    translator: StreetTranslator,
    as_of: datetime,
    **variables: object,
) -> Iterator[Any]:
    """Build what the step was asked for; yields outputs and check results, then fails if a node failed.

    Nodes downstream of a failed one are left out and so are their outputs; all others are built.
    """
    nodes = selected_nodes(
        manifest, translator, context.selected_asset_keys, context.selected_asset_check_keys
    )
    variables = {**dbt_variables(settings), "as_of": as_of.isoformat(), **variables}
    arguments = [*build_arguments(manifest, nodes, variables), *common_arguments(settings)]
    use_warehouse(settings)
    with reported_waits(settings.warehouse_login(), context.log.warning), _alone_in_the_warehouse(settings):
        outcome = yield from _events_of(arguments, settings, context, manifest, translator)
    reason = _failure_of(outcome, manifest, translator)
    if reason is None:
        return
    failure = dg.Failure(reason, allow_retries=False)
    if any(sign in reason.lower() for sign in _PASSING):
        raise again_later(context) from failure
    raise failure


@contextmanager
def _alone_in_the_warehouse(settings: Settings) -> Iterator[None]:
    """Wait while another process builds the same warehouse."""
    try:
        prepare_sources(settings.sources, settings.warehouse())
        with build_lock(settings):
            yield
    except NeverRetry as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def _events_of(
    arguments: list[str],
    settings: Settings,
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: StreetTranslator,
) -> Generator[Any, None, dbtRunnerResult]:
    """Run dbt in a thread, yielding Dagster's events as dbt's come; returns how it ended."""
    events: queue.Queue[Any] = queue.Queue()
    worker = threading.Thread(target=_invoke, args=(arguments, settings, events), name="dbt", daemon=True)
    worker.start()
    try:
        while hasattr(event := events.get(), "info"):
            yield from _dagster_events(event, context, manifest, translator)
    except BaseException:
        _cancel(worker)
        raise
    worker.join()
    return event


def _invoke(arguments: list[str], settings: Settings, events: queue.Queue) -> None:
    from dbt.cli.main import dbtRunner, dbtRunnerResult

    try:
        runner = dbtRunner(manifest=manifest_object(settings), callbacks=[events.put])
        events.put(runner.invoke(arguments))
    except BaseException as error:
        events.put(dbtRunnerResult(success=False, exception=error))


def _dagster_events(
    event: EventMsg,
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: StreetTranslator,
) -> Iterator[Any]:
    from dbt_common.events.functions import msg_to_dict

    if event.info.name not in _RESULTS and event.info.level not in _LEVELS:
        return
    raw_event = msg_to_dict(event)
    level, text = raw_event["info"]["level"], raw_event["info"]["msg"].strip()
    if level in _LEVELS and text:
        context.log.log(_LEVELS[level], text)
    message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
    yield from message.to_default_asset_events(manifest, translator, context)


def _cancel(worker: threading.Thread) -> None:
    """End what dbt is doing, statement by statement: after a model that fails it goes on with the next."""
    import psycopg2
    from dbt.adapters.contracts.connection import ConnectionState
    from dbt.adapters.factory import FACTORY

    while worker.is_alive():
        for adapter in list(FACTORY.adapters.values()):
            for connection in list(_connections(adapter)):
                if connection.state == ConnectionState.OPEN:
                    with suppress(psycopg2.Error):
                        connection.handle.cancel()
        worker.join(_BETWEEN_CANCELS_SECONDS)


def _connections(adapter: Any) -> Iterable[Any]:
    # dbt's own way to cancel works in dbt's thread alone
    return adapter.connections.thread_connections.values()


def _failure_of(
    outcome: dbtRunnerResult, manifest: Mapping[str, Any], translator: StreetTranslator
) -> str | None:
    """What Dagster would not show by itself, on one line: failed models, failed tests that are no checks."""
    if outcome.exception is not None:
        return f"dbt: {_one_line(outcome.exception)}"
    failed = []
    for result in getattr(outcome.result, "results", []):
        unique_id = getattr(result.node, "unique_id", "")
        is_check = check_key(manifest, translator, unique_id) is not None
        if result.status in ("error", "runtime error") or (result.status == "fail" and not is_check):
            failed.append(f"{result.node.name}: {_one_line(result.message)}")
    return "; ".join(failed) or None


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
