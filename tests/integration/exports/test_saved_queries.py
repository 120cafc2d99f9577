"""Saved queries are kept whole, seen by whom they are for, and changed by one person at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from exports.errors import ChangedMeanwhile, InvalidParameter, NotFound
from exports.queries.definition import SavedQueryInput
from exports.queries.files import import_queries, read_yaml, write_yaml
from exports.queries.store import change, delete, find, history_of, list_queries, load, pause, save
from exports.result import GeneratedBy
from orchestration.connection_url import as_pipeline
from orchestration.migrate import migrate
from tests.support.saved_queries import (
    ADMINISTRATOR,
    ANNA,
    BORIS,
    NOW,
    PARAMETERS,
    definition,
    scheduled,
)
from tests.support.servers import PostgresServer

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database, as the pipeline."""
    admin_url = postgres_server.create_database("saved_queries")
    migrate(admin_url)
    yield as_pipeline(admin_url)
    postgres_server.drop_database("saved_queries")


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """A connection whose queries are gone with the test."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
        connection.execute("update app.saved_queries set deleted_at = now() where deleted_at is null")


def test_a_query_comes_back_as_it_was_saved_with_its_interval_still_relative(connection: Connection) -> None:
    said = scheduled(
        "0 8 * * MON",
        "europe/kyiv",
        "Clients, Київ 'x'",
        chart={"template": "balance refill: total"},
        recipients=["a@b.example", "A@B.example", "c@d.example"],
        formats=["csv", "xlsx"],
        visibility="company",
        company_id=5,
    )
    query = save(connection, said, ANNA, NOW)
    assert load(connection, query.query_id) == query
    assert query.parameters["interval"] == "last-month"
    assert "from_date" not in query.parameters
    assert query.recipients == ("a@b.example", "c@d.example")
    assert query.schedule is not None and query.schedule.time_zone == "Europe/Kyiv"
    assert query.chart == {"template": "Balance Refill: Total"}
    assert (query.version, query.changed_by) == (1, "anna")


@pytest.mark.parametrize(
    "given",
    [{"interval": "Last Month"}, {"interval": None, "from_date": "2026-01-01", "to_date": "2026-01-31"}],
)
def test_what_is_kept_is_read_again_as_it_is(connection: Connection, given: dict[str, Any]) -> None:
    query = save(connection, definition(parameters={**PARAMETERS, **given, "tags": ["b", "a"]}), ANNA, NOW)
    again = SavedQueryInput.read(
        {"title": "x", "owner": "x", "report": query.report, "parameters": query.parameters}
    )
    assert again.parameters == query.parameters


def test_a_month_of_seats_stays_relative_too(connection: Connection) -> None:
    said = SavedQueryInput.read(
        {
            "title": "Seats",
            "owner": "anna",
            "report": "subscriber-metrics",
            "parameters": {"month": "last month"},
        }
    )
    assert save(connection, said, ANNA, NOW).parameters == {"month": "last-month"}


def test_each_sees_what_is_theirs_what_is_their_companys_and_what_is_for_all(connection: Connection) -> None:
    for title, owner, parts in (
        ("Anna's", "anna", {}),
        ("Boris'", "boris", {}),
        ("of 5", "boris", {"visibility": "company", "company_id": 5}),
        ("of 6", "boris", {"visibility": "company", "company_id": 6}),
        ("everybody's", "boris", {"visibility": "all", "company_id": 6}),
    ):
        save(connection, definition(title, owner=owner, **parts), ADMINISTRATOR, NOW)

    def seen(requested_by: GeneratedBy) -> list[str]:
        return [query.title for query in list_queries(connection, requested_by)]

    assert seen(ANNA) == ["Anna's", "everybody's"]
    assert seen(GeneratedBy("anna", "analyst", 5)) == ["Anna's", "everybody's", "of 5"]
    assert seen(GeneratedBy("zoe", "administrator", 6)) == ["everybody's", "of 6"]
    assert seen(BORIS) == ["Boris'", "everybody's", "of 5", "of 6"]
    assert seen(ADMINISTRATOR) == ["Anna's", "Boris'", "everybody's", "of 5", "of 6"]


def test_a_query_is_found_by_number_or_title_and_a_close_one_is_named(connection: Connection) -> None:
    mine = save(connection, definition("Clients"), ANNA, NOW)
    theirs = save(connection, definition("Clients", owner="boris", visibility="all"), ADMINISTRATOR, NOW)
    assert find(connection, str(mine.query_id), ANNA) == mine
    assert find(connection, "Clients", ANNA) == mine
    assert find(connection, " clients ", BORIS) == theirs
    with pytest.raises(NotFound, match=f"{mine.query_id} of anna, {theirs.query_id} of boris"):
        find(connection, "Clients", ADMINISTRATOR)
    with pytest.raises(NotFound, match="did you mean Clients"):
        find(connection, "Cleints", ANNA)
    with pytest.raises(NotFound):
        find(connection, "9" * 40, ANNA)


def test_of_two_who_change_one_query_the_second_is_told_and_nothing_is_lost(connection: Connection) -> None:
    query = save(connection, definition(visibility="all"), ANNA, NOW)
    first = change(connection, query.query_id, 1, replace(query, formats=("csv",)), ANNA, NOW)
    with pytest.raises(ChangedMeanwhile) as error:
        change(connection, query.query_id, 1, replace(query, title="Other"), ADMINISTRATOR, NOW)
    assert str(error.value).startswith(
        f"saved query {query.query_id} 'Clients of last month' was changed by anna at "
    )
    assert str(error.value).endswith(", version 2: load it again")
    assert load(connection, query.query_id) == first
    assert [(one.version, one.query.formats) for one in history_of(connection, query.query_id)] == [
        (2, ("csv",)),
        (1, ("xlsx",)),
    ]


def test_at_the_same_instant_one_of_two_changes_is_written(url: str, connection: Connection) -> None:
    query = save(connection, definition(), ANNA, NOW)

    def write(title: str) -> str:
        with psycopg.connect(url, autocommit=True) as own:
            try:
                return change(own, query.query_id, 1, replace(query, title=title), ANNA, NOW).title
            except ChangedMeanwhile:
                return "refused"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(write, ["A", "B", "C", "D"]))
    assert outcomes.count("refused") == 3
    assert load(connection, query.query_id).title in outcomes
    assert len(history_of(connection, query.query_id)) == 2


def test_only_the_owner_and_an_administrator_change_or_delete(connection: Connection) -> None:
    query = save(connection, definition(visibility="all"), ANNA, NOW)
    with pytest.raises(InvalidParameter, match="is anna's: only its owner changes it"):
        change(connection, query.query_id, 1, replace(query, title="Boris' now"), BORIS, NOW)
    with pytest.raises(InvalidParameter, match="is anna's"):
        delete(connection, query.query_id, 1, BORIS)
    with pytest.raises(InvalidParameter, match="only an administrator"):
        save(connection, definition("In her name"), BORIS, NOW)
    assert load(connection, query.query_id) == query


def test_what_says_the_same_is_no_new_version(connection: Connection) -> None:
    query = save(connection, definition(), ANNA, NOW)
    assert change(connection, query.query_id, 1, definition(), ANNA, NOW) == query


def test_one_owner_has_a_title_once_and_gets_it_back_from_what_is_deleted(connection: Connection) -> None:
    query = save(connection, definition(), ANNA, NOW)
    with pytest.raises(InvalidParameter, match=f"anna has a saved query .* already, number {query.query_id}"):
        save(connection, definition(), ANNA, NOW)
    other = save(connection, definition("Other"), ANNA, NOW)
    with pytest.raises(InvalidParameter, match="already"):
        change(connection, other.query_id, 1, definition(), ANNA, NOW)
    delete(connection, query.query_id, 1, ANNA)
    with pytest.raises(NotFound):
        load(connection, query.query_id)
    with pytest.raises(ChangedMeanwhile, match="was deleted by anna"):
        change(connection, query.query_id, 1, definition("Late"), ANNA, NOW)
    again = save(connection, definition(), ANNA, NOW)
    assert again.query_id != query.query_id
    assert [one.is_deletion for one in history_of(connection, query.query_id)] == [True, False]


def test_a_history_is_never_changed(connection: Connection) -> None:
    query = save(connection, definition(), ANNA, NOW)
    for statement in (
        "update app.saved_query_versions set changed_by = 'x'",
        "delete from app.saved_query_versions",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    assert history_of(connection, query.query_id)[0].query == query


def test_a_paused_schedule_goes_on_from_when_it_is_resumed(connection: Connection) -> None:
    query = save(connection, scheduled("0 8 * * *"), ANNA, NOW)
    assert pause(connection, query.query_id, ANNA, NOW, is_paused=True).version == 2
    later = datetime(2026, 3, 9, 9, tzinfo=UTC)
    pause(connection, query.query_id, ANNA, later, is_paused=False)
    due_after = connection.execute(
        "select due_after from app.saved_queries where query_id = %s", (query.query_id,)
    ).fetchone()
    assert due_after == (later,)
    with pytest.raises(InvalidParameter, match="has no schedule"):
        pause(connection, save(connection, definition("None"), ANNA, NOW).query_id, ANNA, NOW, is_paused=True)


DATES = {**PARAMETERS, "interval": None, "from_date": "2026-01-01", "to_date": "2026-02-01"}
CHART = {"template": "Clients - Active: Qty"}
EACH_MINUTE = {"cron": "* * * * *", "time_zone": "UTC", "missed": "tell"}
SEVERAL = (
    {"title": "no", "visibility": "company", "company_id": 5, "formats": ["csv", "xlsx"]},
    {"title": "2026", "owner": "boris", "recipients": ["a@b.example"], "chart": CHART},
    {"title": "Київ: 'клієнти' #1 \"й\"", "schedule": EACH_MINUTE},
    {"title": "- y: {}", "parameters": DATES},
)


def test_a_file_brings_back_every_query_exactly_and_a_second_time_changes_nothing(
    connection: Connection,
) -> None:
    for parts in SEVERAL:
        save(connection, definition(**parts), ADMINISTRATOR, NOW)
    text = write_yaml(list_queries(connection, ADMINISTRATOR))
    definitions = read_yaml(text, "nobody")
    done = import_queries(connection, definitions, ADMINISTRATOR, NOW)
    assert [one.outcome for one in done] == ["unchanged"] * len(SEVERAL)
    assert write_yaml(list_queries(connection, ADMINISTRATOR)) == text

    for query in list_queries(connection, ADMINISTRATOR):
        delete(connection, query.query_id, query.version, ADMINISTRATOR)
    done = import_queries(connection, definitions, ADMINISTRATOR, NOW)
    assert [one.outcome for one in done] == ["created"] * len(SEVERAL)
    assert write_yaml(list_queries(connection, ADMINISTRATOR)) == text


def test_a_file_is_brought_in_whole_or_not_at_all(connection: Connection) -> None:
    save(connection, definition("A"), ANNA, NOW)
    save(connection, definition("B", owner="boris"), ADMINISTRATOR, NOW)
    before = list_queries(connection, ADMINISTRATOR)
    changed = [
        definition("A", formats=["csv"]),
        definition("New"),
        definition("B", owner="boris", formats=["csv"]),
    ]
    with pytest.raises(InvalidParameter, match="is boris's"):
        import_queries(connection, changed, ANNA, NOW)
    assert list_queries(connection, ADMINISTRATOR) == before
    done = import_queries(connection, changed, ADMINISTRATOR, NOW)
    assert [one.outcome for one in done] == ["changed", "created", "changed"]
