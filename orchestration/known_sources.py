"""The sources a warehouse knows, and whether one that is found now is among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql

from exports.snapshot import statement
from extract.address import Address, address_of
from extract.errors import ExtractionError, RetryLater
from extract.identity import SourceIdentity, identify_source
from orchestration.settings import SOURCES, Settings

Known = Mapping[str, list[SourceIdentity]]


class OtherSource(Exception):
    """The warehouse was filled from another source; the message names both."""


def require_known(settings: Settings, source: str) -> None:
    """Connect to the source and record it if the warehouse has none yet.

    Raises OtherSource where it has another one, and ExtractionError where the source cannot be asked.
    """
    found = identify_source(source, settings.source_url(source), settings.waits)
    with _warehouse(settings) as connection:
        if not known_sources(connection).get(source):
            _record(connection, source, found, "first_run")
        known = known_sources(connection)[source]
        _require_same(source, found, known)
        if _is_news(found, known):
            _record(connection, source, found, "also_at")


def require_no_other(settings: Settings, *, made_up: bool) -> None:
    """Refuse sources other than those the warehouse knows, all of them together; records nothing.

    One's own source at an address that is known is not asked a second time: the run that loads it asks, as it
    tells of one that cannot be asked. With `made_up`, the sources are the demo's and the warehouse is one's
    own: one that holds data of unknown sources is refused as well.
    """
    with _warehouse(settings) as connection:
        known = known_sources(connection)
        if made_up and not known and _holds_data(connection):
            raise OtherSource(
                "the warehouse holds data, and not the demo operator's: give the demo a database of its own"
                " (SUBDYN_WAREHOUSE_URL), or unset the variable for the embedded one"
            )
    refused = []
    for source in settings.sources:
        if source not in known:
            continue
        try:
            address = address_of(source, settings.source_url(source))
            if not settings.embedded and any(one.address.leads_to(address) for one in known[source]):
                continue
            found = identify_source(source, settings.source_url(source), settings.waits)
            _require_same(source, found, known[source])
        except ExtractionError:
            continue
        except OtherSource as error:
            refused.append(str(error))
    if refused:
        raise OtherSource("; ".join(refused))


def adopt(settings: Settings) -> list[str]:
    """Have the warehouse know the sources as they are found now; what was moved, a line for each.

    Raises ExtractionError where one cannot be asked, and then nothing is recorded.
    """
    found = {
        source: identify_source(source, settings.source_url(source), settings.waits)
        for source in settings.sources
    }
    moved = []
    with _warehouse(settings) as connection, connection.transaction():
        known = known_sources(connection)
        for source, identity in found.items():
            before = known.get(source, [])
            if not before:
                _record(connection, source, identity, "first_run")
            elif not _is_same(identity, before):
                _record(connection, source, identity, "adopted")
                moved.append(f"{source}: moved from {before[-1]} to {identity}")
    return moved


def known_sources(connection: psycopg.Connection) -> Known:
    """Each source's places, the last one last; a source that was never loaded is absent."""
    known: dict[str, list[SourceIdentity]] = defaultdict(list)
    for source, engine, hosts, database, own in connection.execute(
        statement("orchestration.sql", "known_sources")
    ):
        places = tuple(_host_and_port(host) for host in hosts)
        known[source].append(SourceIdentity(Address(engine, places, database, is_listed=True), own))
    return dict(known)


def _require_same(source: str, found: SourceIdentity, known: list[SourceIdentity]) -> None:
    if not _is_same(found, known):
        raise OtherSource(
            f"{source}: this warehouse was filled from {known[-1]}, not from {found}: mend"
            f" SUBDYN_{source.upper()}_URL, or move the source on purpose with `subdyn run JOB --adopt`"
        )


def _is_same(found: SourceIdentity, known: Iterable[SourceIdentity]) -> bool:
    return any(found.is_same_as(one) for one in known)


def _is_news(found: SourceIdentity, known: Iterable[SourceIdentity]) -> bool:
    """Whether the same source has an address, or for the first time an identity of its own, to be kept."""
    at_known_address = any(found.address.places == one.address.places for one in known)
    return not at_known_address or (found.own is not None and all(one.own is None for one in known))


def _record(connection: psycopg.Connection, source: str, found: SourceIdentity, cause: str) -> None:
    connection.execute(
        statement("orchestration.sql", "record_source"),
        {
            "source": source,
            "cause": cause,
            "engine": found.address.engine,
            "hosts": list(found.address.places),
            "database_name": found.address.database,
            "own_identity": found.own,
        },
    )


def _holds_data(connection: psycopg.Connection) -> bool:
    for source in SOURCES:
        log = sql.Identifier(f"raw_{source}", "load_log")
        there = connection.execute("select to_regclass(%s)", (log.as_string(),)).fetchone()
        if there is not None and there[0] is not None:
            loaded = connection.execute(sql.SQL("select exists (select from {})").format(log)).fetchone()
            if loaded is not None and loaded[0]:
                return True
    return False


@contextmanager
def _warehouse(settings: Settings) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(settings.warehouse(), autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise RetryLater(
            f"the warehouse cannot be reached or went away: {' '.join(str(error).split())}"
        ) from None


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
