"""staging, intermediate and marts: dbt's models as assets, its tests as asset checks, built step by step."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
from dagster_dbt import DbtCliEventMessage, DbtCliResource, DbtProject, dbt_assets

from extract.errors import NeverRetry
from extract.prepare import prepare_sources
from orchestration.child_process import ended_with
from orchestration.column_lineage import ColumnLineage
from orchestration.dbt_resource import (
    environment,
    errors_of,
    events_of,
    messages_of,
    one_line,
    target_folder,
    variables,
)
from orchestration.dbt_tests import failing_rows
from orchestration.dbt_translator import DbtTranslator
from orchestration.failures import again_later
from orchestration.locks import build_lock, reported_waits
from orchestration.relation_metadata import relation_metadata
from orchestration.resources import SettingsResource
from orchestration.runs import begin
from orchestration.settings import Settings

# One build at a time: two would stand in each other's way, and the second would find nothing to do.
WAREHOUSE_POOL = "warehouse"
# dbt's message, at its end, of each node that failed
_FAILED = "RunResultError"
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


def warehouse_assets(
    manifest: Mapping[str, Any], project: DbtProject, translator: DbtTranslator, sources: Sequence[str]
) -> list[dg.AssetsDefinition]:
    """One step per source, by dbt's tags: a failed table stops only the models of its own source."""
    return [_step(manifest, project, translator, source) for source in sources]


def _step(
    manifest: Mapping[str, Any], project: DbtProject, translator: DbtTranslator, source: str
) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        project=project,
        select=f"tag:{source}",
        dagster_dbt_translator=translator,
        name=f"warehouse_of_{source}",
        pool=WAREHOUSE_POOL,
    )
    def step(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: SettingsResource
    ) -> Iterator[Any]:
        yield from build(context, dbt, settings, manifest, begin(context))

    return step


def build_arguments(check_keys: Iterable[dg.AssetCheckKey]) -> list[str]:
    """The arguments that build, beside the models that dagster-dbt selects, exactly these checks.

    All functions come with them: to select a model does not select what it calls. Unit tests are no part of
    a run.
    """
    tests = [key.name for key in check_keys]
    selected = " ".join(["resource_type:function", *sorted(tests)])
    # the manifest, which dbt would write before and after, is there; what failed is told by its messages
    return ["build", "--no-write-json", "--select", selected, "--exclude-resource-type", "unit_test"]


def build(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    settings: Settings,
    manifest: Mapping[str, Any],
    as_of: datetime,
    close_through: str = "",
) -> Iterator[Any]:
    """Build what the step was asked for; yields outputs and check results, then fails if a node failed.

    Nodes downstream of a failed one are left out and so are their outputs; all others are built.
    """
    # a folder for each step: what it compiled and logged last can be looked at
    target = target_folder(settings) / context.op_execution_context.op.name
    with (
        reported_waits(settings.warehouse_login(), context.log.warning),
        _alone_in_the_warehouse(settings),
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        lineage = ColumnLineage(target_folder(settings), manifest, connection)
        shown = _Shown(context, connection, manifest, target, lineage)
        with environment(settings, as_of=as_of.isoformat(), close_through=close_through):
            arguments = [*build_arguments(context.selected_asset_check_keys), *variables(settings)]
            invocation = dbt.cli(arguments, context=context, target_path=target, raise_on_error=False)
        failures: list[DbtCliEventMessage] = []
        failed_checks: set[str] = set()
        # dagster-dbt itself ends dbt only where an interrupt finds it waiting for dbt's next line
        with ended_with(invocation.process):
            for message in messages_of(invocation):
                if message.raw_event["info"]["name"] == _FAILED:
                    failures.append(message)
                for event in events_of(invocation, message):
                    # of a test that could not be asked, Dagster would not show why
                    if isinstance(event, dg.AssetCheckResult) and _status(message) == "fail":
                        failed_checks.add(_unique_id(event))
                    yield shown.completed(event)
        lineage.keep()
    if invocation.is_successful():
        return
    reason = failure_reason(failures, failed_checks) if failures else f"dbt: {errors_of(invocation)}"
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
class _Shown:
    """Adds what the warehouse knows to dagster-dbt's events.

    dagster-dbt's own `fetch_row_counts` and `fetch_column_metadata` read dbt's events in a thread, where an
    interrupt does not reach dbt.
    """

    context: dg.AssetExecutionContext
    connection: psycopg.Connection
    manifest: Mapping[str, Any]
    target: Path
    lineage: ColumnLineage

    def completed(self, event: Any) -> Any:
        """An output with columns, rows and lineage; a check that did not pass with the rows it found."""
        if isinstance(event, dg.Output):
            node = self.manifest["nodes"][_unique_id(event)]
            shown = relation_metadata(self.connection, node)
            return event.with_metadata(
                {**event.metadata, **shown, **self.lineage.metadata(node, self._compiled(node))}
            )
        if isinstance(event, dg.AssetCheckResult) and not event.passed:
            return self._explained(event)
        return event

    def _explained(self, result: dg.AssetCheckResult) -> dg.AssetCheckResult:
        """A failed test's result with the first rows that it found, told in the run's log as well."""
        node = self.manifest["nodes"][_unique_id(result)]
        count = result.metadata.get("dagster_dbt/failed_row_count")
        metadata = dict(result.metadata)
        try:
            compiled = self._compiled(node).read_text()
            found = failing_rows(self.connection, self.manifest, node, compiled)
        except (OSError, psycopg.Error) as error:
            description = f"its rows cannot be shown: {one_line(error)}"
        else:
            number = count.value if count is not None else len(found.rows)
            description = f"{number} found, the first: {found}"
            metadata["first rows"] = dg.MarkdownMetadataValue(found.markdown())
        is_warning = result.severity is dg.AssetCheckSeverity.WARN
        (self.context.log.warning if is_warning else self.context.log.error)(f"{node['name']}: {description}")
        return result._replace(description=description, metadata=metadata)

    def _compiled(self, node: Mapping[str, Any]) -> Path:
        """Where dbt has written the SQL of a node: a generic test's in a folder named after its yml."""
        declared, own = Path(node["original_file_path"]), Path(node["path"])
        folder = self.target / "compiled" / node["package_name"]
        return folder / declared if own.name == declared.name else folder / declared / own


def _unique_id(event: dg.Output | dg.AssetCheckResult) -> str:
    return str(event.metadata["unique_id"].value)


def _status(message: DbtCliEventMessage) -> str:
    return str(message.raw_event["data"]["node_info"]["node_status"])


def failure_reason(failures: Iterable[DbtCliEventMessage], failed_checks: Collection[str]) -> str | None:
    """What Dagster would not show by itself, on one line: failed models, failed tests that are no checks.

    `failures` are dbt's messages of what failed, `failed_checks` the tests of which Dagster shows that.
    """
    found: list[str] = []
    for failure in failures:
        data = failure.raw_event["data"]
        unique_id = (data.get("node_info") or {}).get("unique_id", "")
        if unique_id in failed_checks:
            continue
        name = unique_id.split(".")[2] if unique_id.count(".") > 1 else "dbt"
        found.append(f"{name}: {one_line(data['msg'])}")
    return "; ".join(found) or None
