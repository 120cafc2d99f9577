"""raw/<source>/<table>: one asset per table and collection of the sources that are switched on."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import dagster as dg

from extract.errors import NeverRetry, RetryLater
from extract.load import load_collection, load_table
from extract.result import LoadResult
from extract.sources import billing, middleware, platform
from extract.specification import SourceCollection, SourceTable
from extract.sweep import sweep_collection, sweep_table
from orchestration.failures import again_later, with_advice
from orchestration.known_sources import require_known
from orchestration.locks import reported_waits
from orchestration.relation_metadata import storage_metadata
from orchestration.resources import SettingsResource
from orchestration.runs import begin
from orchestration.settings import Settings, SourceName
from orchestration.source_availability import SourceAvailability

SPECIFICATIONS: dict[SourceName, tuple[SourceTable | SourceCollection, ...]] = {
    "billing": billing.TABLES,
    "platform": platform.TABLES,
    "middleware": middleware.COLLECTIONS,
}
_ROWS_BETWEEN_LINES = 500_000


class LoadConfig(dg.Config):
    """What a run may ask of a raw asset."""

    sweep: bool = False  # look for rows that vanished from the source, too


def raw_key(specification: SourceTable | SourceCollection) -> dg.AssetKey:
    """The asset that a source table or collection becomes."""
    return dg.AssetKey(["raw", specification.source, specification.name])


def raw_assets(sources: tuple[SourceName, ...]) -> list[dg.AssetsDefinition]:
    """One asset per table and collection of these sources."""
    availability = SourceAvailability()
    return [
        _raw_asset(specification, availability)
        for source in sources
        for specification in SPECIFICATIONS[source]
    ]


def _raw_asset(
    specification: SourceTable | SourceCollection, availability: SourceAvailability
) -> dg.AssetsDefinition:
    source = specification.source

    @dg.asset(
        key=raw_key(specification),
        group_name=f"raw_{specification.source}",
        description=_description(specification),
        kinds={"mongodb" if isinstance(specification, SourceCollection) else "sql", "postgres"},
        pool=f"source_{specification.source}",
        metadata={
            **storage_metadata(f"raw_{source}", specification.name),
            "dagster/column_schema": _column_schema(specification),
        },
    )
    def load(
        context: dg.AssetExecutionContext, config: LoadConfig, settings: SettingsResource
    ) -> dg.MaterializeResult:
        instant = begin(context)
        table = raw_key(specification).to_user_string()
        availability.require(
            context.run.run_id, source, table, lambda: require_known(settings, source), context.log.warning
        )
        attempt = partial(_attempt, context, lambda: availability.doubt(context.run.run_id, source))
        with reported_waits(settings.warehouse_login(), context.log.warning):
            results = [attempt(lambda: _load(specification, settings, instant, context))]
            if config.sweep and specification.cursor is not None:
                results.append(attempt(lambda: _sweep(specification, settings, instant)))
        return dg.MaterializeResult(metadata=load_metadata(results))

    return load


def _load(
    specification: SourceTable | SourceCollection,
    settings: Settings,
    instant: datetime,
    context: dg.AssetExecutionContext,
) -> LoadResult:
    source_url, warehouse_url = settings.source_url(specification.source), settings.warehouse()
    reported = [0]

    def report(rows: int) -> None:
        if rows >= reported[0] + _ROWS_BETWEEN_LINES:
            reported[0] = rows
            context.log.info(f"{specification.name}: {rows:,} rows read")

    if isinstance(specification, SourceCollection):
        return load_collection(specification, source_url, warehouse_url, instant, report, settings.waits)
    return load_table(specification, source_url, warehouse_url, instant, report, settings.waits)


def _sweep(
    specification: SourceTable | SourceCollection, settings: Settings, instant: datetime
) -> LoadResult:
    source_url, warehouse_url = settings.source_url(specification.source), settings.warehouse()
    if isinstance(specification, SourceCollection):
        return sweep_collection(specification, source_url, warehouse_url, instant, settings.waits)
    return sweep_table(specification, source_url, warehouse_url, instant, settings.waits)


def _attempt(
    context: dg.AssetExecutionContext, doubt: Callable[[], None], load: Callable[[], LoadResult]
) -> LoadResult:
    """The load's result; only what waiting may mend is tried again."""
    try:
        return load()
    except RetryLater as error:
        doubt()
        raise again_later(context) from error
    except NeverRetry as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except Exception as error:
        reason = with_advice(f"{type(error).__name__}: {error}")
        raise dg.Failure(reason, allow_retries=False) from error


def _column_schema(specification: SourceTable | SourceCollection) -> dg.TableSchema:
    """The columns as they are in the raw schema, without those that every raw table has."""
    if isinstance(specification, SourceCollection):
        columns = [
            ("_id", "text", False, "Key of the document."),
            ("document", "jsonb", False, "As it was read."),
        ]
    else:
        columns = [
            (column.name, column.raw_type, column.nullable, column.description or None)
            for column in specification.columns
        ]
    return dg.TableSchema(
        [
            dg.TableColumn(name, kind, text, dg.TableColumnConstraints(nullable=nullable))
            for name, kind, nullable, text in columns
        ]
    )


def load_metadata(results: list[LoadResult]) -> dict[str, dg.MetadataValue]:
    """What the UI shows of a load and, if there was one, of the sweep after it."""
    last = results[-1]
    loaded = results[0]
    metadata: dict[str, dg.MetadataValue] = {
        "extracted": dg.IntMetadataValue(loaded.extracted_count),
        "inserted": dg.IntMetadataValue(loaded.inserted_count),
        "updated": dg.IntMetadataValue(loaded.updated_count),
        "unchanged": dg.IntMetadataValue(loaded.unchanged_count),
        "deleted": dg.IntMetadataValue(sum(result.deleted_count for result in results)),
        "rejected": dg.IntMetadataValue(sum(result.rejected_count for result in results)),
        "seconds": dg.FloatMetadataValue(sum(result.duration_seconds for result in results)),
        "load id": dg.IntMetadataValue(last.load_id),
        "data through": dg.TimestampMetadataValue(last.as_of.timestamp()),
    }
    if loaded.watermark is not None:
        metadata["watermark"] = dg.TextMetadataValue(loaded.watermark)
    if loaded.drift:
        metadata["new columns in the source"] = dg.TextMetadataValue(", ".join(loaded.drift))
    return metadata


def _description(specification: SourceTable | SourceCollection) -> str:
    kind = "Collection" if isinstance(specification, SourceCollection) else "Table"
    if specification.cursor is None:
        how = "read whole" if isinstance(specification, SourceTable) else "new documents by their id"
    else:
        how = f"read by what moved in `{specification.cursor}`"
    return f"{kind} `{specification.name}` of {specification.source}, as the source holds it: {how}."
