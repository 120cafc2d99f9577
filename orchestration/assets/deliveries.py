"""deliveries/saved_queries: what is due is generated, let through or withheld, and sent; by saved query."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
import psycopg

from exports.delivery.run import Due, deliver
from exports.delivery.sending import Delivered
from exports.errors import NotFound
from exports.queries.deliveries import note_due, request_now
from exports.queries.run import generate, on_schedule
from exports.queries.store import load
from exports.result import StoredResult
from orchestration.assets.reports import CUSTOMER_DYNAMICS, SUBSCRIBER_METRICS, models_read
from orchestration.delivery_checks import build_findings
from orchestration.mailer import sender
from orchestration.partitions import SAVED_QUERIES
from orchestration.resources import SettingsResource
from orchestration.result_metadata import result_metadata
from orchestration.runs import begin
from orchestration.settings import Settings

DELIVERIES = "deliveries"
DELIVERED = dg.AssetKey([DELIVERIES, "saved_queries"])
Event = dg.AssetMaterialization | dg.AssetObservation
_RETRY_TAG = "dagster/retry_number"


def delivery_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """The deliveries, downstream of the models that the reports read."""
    reads = (models_read(manifest, report) for report in (CUSTOMER_DYNAMICS, SUBSCRIBER_METRICS))
    with warnings.catch_warnings():
        # the policy for backfills
        warnings.simplefilter("ignore", dg.BetaWarning)
        return [_saved_queries({key for keys in reads for key in keys or ()})]


def _saved_queries(reads: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=DELIVERED,
        deps=sorted(reads),
        partitions_def=SAVED_QUERIES,
        # several queries asked for at once are one run
        backfill_policy=dg.BackfillPolicy.single_run(),
        # what became of each query is told for that query; a run as such delivers nothing
        output_required=False,
        group_name=DELIVERIES,
        kinds={"email"},
        pool=DELIVERIES,
        description=(
            "Results of saved queries that were sent, a partition for each query by its number"
            " (`subdyn query list`). The sensor `saved_queries` delivers what is due; materializing a"
            " partition delivers that query now, materializing none what is due. The jobs"
            " `pause_saved_query` and `resume_saved_query`"
            " stop and start one schedule, the sensor's switch all of them."
        ),
    )
    def saved_queries(context: dg.AssetExecutionContext, settings: SettingsResource) -> Iterator[Event]:
        now = begin(context)
        if context.has_partition_key or context.has_partition_key_range:
            _request(context, settings, context.partition_keys)
        else:
            _note_due(context, settings, now)
        stuck = []
        for delivered in deliver(
            settings.warehouse(),
            as_of=now,
            generate=lambda connection, due: _generate(connection, due, now),
            findings=build_findings(context.instance, context.repository_def),
            sender=sender(settings),
        ):
            yield from _event(context, settings, delivered)
            if delivered.is_stuck:
                stuck.append(f"delivery {delivered.delivery_id}: {delivered.reason}")
        if stuck:
            # a full disk and the like: the outbox keeps them for a later run, the failed run is told of
            raise dg.Failure("; ".join(stuck), allow_retries=False)

    return saved_queries


def _note_due(context: dg.AssetExecutionContext, settings: Settings, now: datetime) -> None:
    """Write down what came due since the sensor last looked, or ever where no daemon runs it."""
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        noted = note_due(connection, now)
    context.log.info(f"{noted.due} due, {noted.missed} missed")
    for fault in noted.faults:
        context.log.error(fault)


def _generate(connection: psycopg.Connection[Any], due: Due, now: datetime) -> StoredResult:
    """A due time is asked as of itself, however late it is; what was asked for by hand as of now."""
    query = load(connection, due.query_id)
    return generate(connection, query, due.due_at or now, on_schedule(query))


def _request(context: dg.AssetExecutionContext, settings: Settings, keys: Sequence[str]) -> None:
    """Ask for these queries now; a run that is retried asks for nothing twice."""
    run = context.run
    run_id = run.root_run_id if _RETRY_TAG in run.tags and run.root_run_id else run.run_id
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        for key in keys:
            try:
                if not (key.isascii() and key.isdigit()):
                    raise NotFound(f"{key!r} is no saved query's number")
                request_now(connection, int(key), f"run {run_id}")
            except NotFound as error:
                context.instance.delete_dynamic_partition(str(SAVED_QUERIES.name), key)
                raise dg.Failure(str(error), allow_retries=False) from error


def _event(context: dg.AssetExecutionContext, settings: Settings, delivered: Delivered) -> Iterator[Event]:
    """Shows the delivery under its query: materialized once it is done, else observed with the reason."""
    name = f"delivery {delivered.delivery_id}: {delivered.state}"
    message = f"{name}: {delivered.reason}" if delivered.reason else name
    if delivered.state in ("withheld", "failed"):
        context.log.warning(message)
    else:
        context.log.info(message)
    if delivered.query_id is None:
        return
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        query = load(connection, delivered.query_id, with_deleted=True)
    metadata: dict[str, Any] = {
        "title": query.title,
        "owner": query.owner,
        "delivery": delivered.delivery_id,
        "state": delivered.state,
    }
    if delivered.reason is not None:
        metadata["reason"] = delivered.reason
    partition = str(delivered.query_id)
    if delivered.state != "done" or delivered.result is None:
        yield dg.AssetObservation(DELIVERED, partition=partition, metadata=metadata, description=message)
    else:
        metadata |= {
            "recipients": ", ".join(delivered.recipients) or "none",
            "size of a mail (bytes)": delivered.size,
            **result_metadata(delivered.result, query.chart),
        }
        yield dg.AssetMaterialization(DELIVERED, partition=partition, metadata=metadata, description=message)
