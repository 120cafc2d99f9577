"""One dbt build inside this process, its events turned into Dagster's as they come."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from extract.errors import NeverRetry
from extract.prepare import prepare_sources
from orchestration.column_lineage import ColumnLineage
from orchestration.dbt_manifest import (
    common_arguments,
    dbt_variables,
    manifest_object,
    target_folder,
    use_warehouse,
)
from orchestration.dbt_tests import failing_rows
from orchestration.dbt_translator import DbtTranslator, check_key
from orchestration.locks import build_lock, reported_waits
from orchestration.relation_metadata import relation_metadata
from orchestration.retries import again_later
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest
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


def build_arguments(
    asset_keys: Iterable[dg.AssetKey],
    check_keys: Iterable[dg.AssetCheckKey],
    variables: Mapping[str, object],
) -> list[str]:
    """The arguments that build exactly the models and tests that these assets and checks are named after.

    All functions come with them: to select a model does not select what it calls.
    """
    return [
        "build",
        "--select",
        "resource_type:function",
        *(key.path[-1] for key in asset_keys),
        *(key.name for key in check_keys),
        "--indirect-selection", "empty",
        "--exclude-resource-type", "unit_test",
        "--vars", json.dumps(variables),
        "--no-write-json",
    ]  # fmt: skip


def build(
    context: dg.AssetExecutionContext,
    settings: Settings,
    manifest: Mapping[str, Any],
    translator: DbtTranslator,
    as_of: datetime,
    **variables: object,
) -> Iterator[Any]:
    """Build what the step was asked for; yields outputs and check results, then fails if a node failed.

    Nodes downstream of a failed one are left out and so are their outputs; all others are built.
    """
    variables = {**dbt_variables(settings), "as_of": as_of.isoformat(), **variables}
    arguments = build_arguments(context.selected_asset_keys, context.selected_asset_check_keys, variables)
    use_warehouse(settings)
    with (
        reported_waits(settings.warehouse_login(), context.log.warning),
        _alone_in_the_warehouse(settings),
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        lineage = ColumnLineage(target_folder(settings), manifest, connection)
        listener = _DbtEvents(context, connection, manifest, translator, manifest_object(settings), lineage)
        outcome = yield from _events_of([*arguments, *common_arguments(settings)], listener)
        lineage.keep()
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


@dataclass(frozen=True)
class _DbtEvents:
    """Makes Dagster's events of dbt's, and adds what the warehouse knows of what was built and found."""

    context: dg.AssetExecutionContext
    connection: psycopg.Connection
    manifest: Mapping[str, Any]
    translator: DbtTranslator
    parsed: Manifest
    lineage: ColumnLineage

    def dagster_events(self, event: EventMsg) -> Iterator[Any]:
        from dbt_common.events.functions import msg_to_dict

        if event.info.name in _RESULTS:
            message = DbtCoreCliEventMessage(raw_event=msg_to_dict(event), event_history_metadata={})
            for made in message.to_default_asset_events(self.manifest, self.translator, self.context):
                yield self._completed(made)
        # a node's end is told by its own event, and at the end of all once more
        elif event.info.level in _LEVELS and not event.info.name.startswith("RunResult"):
            text = msg_to_dict(event)["info"]["msg"].strip()
            if text:
                self.context.log.log(_LEVELS[event.info.level], text)

    def _completed(self, made: Any) -> Any:
        if isinstance(made, dg.Output):
            node = self.manifest["nodes"][str(made.metadata["unique_id"].value)]
            compiled = getattr(self.parsed.nodes[node["unique_id"]], "compiled_code", None)
            shown = {**relation_metadata(self.connection, node), **self.lineage.metadata(node, compiled)}
            return made.with_metadata({**made.metadata, **shown})
        if isinstance(made, dg.AssetCheckResult) and not made.passed:
            return self._explained(made)
        return made

    def _explained(self, result: dg.AssetCheckResult) -> dg.AssetCheckResult:
        """A failed test's result with the first rows that it found, told in the run's log as well."""
        unique_id = str(result.metadata["unique_id"].value)
        node, compiled = self.manifest["nodes"][unique_id], self.parsed.nodes[unique_id]
        count = result.metadata.get("dagster_dbt/failed_row_count")
        metadata = dict(result.metadata)
        try:
            found = failing_rows(self.connection, self.manifest, node, getattr(compiled, "compiled_code", ""))
        except psycopg.Error as error:
            description = f"its rows cannot be shown: {_one_line(error)}"
        else:
            number = count.value if count is not None else len(found.rows)
            description = f"{number} found, the first: {found}"
            metadata["first rows"] = dg.MarkdownMetadataValue(found.markdown())
        is_warning = result.severity is dg.AssetCheckSeverity.WARN
        (self.context.log.warning if is_warning else self.context.log.error)(f"{node['name']}: {description}")
        return result._replace(description=description, metadata=metadata)


def _events_of(arguments: list[str], listener: _DbtEvents) -> Generator[Any, None, dbtRunnerResult]:
    """Run dbt in a thread, yielding Dagster's events as dbt's come; returns how it ended."""
    events: queue.Queue[Any] = queue.Queue()
    worker = threading.Thread(
        target=_invoke, args=(arguments, listener.parsed, events), name="dbt", daemon=True
    )
    worker.start()
    try:
        while hasattr(event := events.get(), "info"):
            yield from listener.dagster_events(event)
    except BaseException:
        _cancel(worker)
        raise
    worker.join()
    return event


def _invoke(arguments: list[str], parsed: Manifest, events: queue.Queue) -> None:
    from dbt.cli.main import dbtRunner, dbtRunnerResult

    try:
        events.put(dbtRunner(manifest=parsed, callbacks=[events.put]).invoke(arguments))
    except BaseException as error:
        events.put(dbtRunnerResult(success=False, exception=error))


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
    outcome: dbtRunnerResult, manifest: Mapping[str, Any], translator: DbtTranslator
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
