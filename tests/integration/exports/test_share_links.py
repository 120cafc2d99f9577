"""A link shows next year what it showed today, until it expires or is revoked; no guess finds one."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from exports import shares
from exports.errors import InvalidParameter, NotFound
from exports.result import GeneratedBy, new_result_id
from exports.result_json import as_json
from exports.result_store import load
from orchestration.cli.app import run
from tests.support.billing_rows import NOON, a_small_tree, add_movement
from tests.support.report_rows import MARCH, report
from tests.support.warehouse import Warehouse

BUILT = datetime(2024, 4, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADMINISTRATOR = GeneratedBy("root", "administrator")


@pytest.fixture(scope="module")
def built(shared_warehouse: Warehouse) -> Warehouse:
    """The small tree, built: company 1 above 2; 4 apart."""
    shared_warehouse.hold(a_small_tree(), BUILT)
    shared_warehouse.build()
    return shared_warehouse


@pytest.fixture
def installation(built: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Warehouse:
    """The warehouse as the one that the command line works in, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", built.admin_url)
    monkeypatch.setenv("SUBDYN_WEB_URL", "https://reports.example.org/subdyn/")
    return built


def message(capsys: pytest.CaptureFixture[str], *arguments: str, exit_code: int = 0) -> tuple[str, str]:
    """What the command says on stdout and on stderr, each line unwrapped."""
    capsys.readouterr()
    assert run(arguments) == exit_code
    said = capsys.readouterr()
    return said.out, said.err


def test_a_link_shows_next_year_what_it_showed_today(
    installation: Warehouse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    result = report(installation, MARCH | {"group_by": "date"})
    out, err = message(capsys, "share", "create", result.result_id[:12])
    match = re.fullmatch(r"https://reports\.example\.org/subdyn/view\?id=([0-9a-f]{32})\n", out)
    assert match is not None and "opens until it is revoked" in err
    first, _ = message(capsys, "share", "open", match[1], "--format", "json", "--output", "-")

    tables = a_small_tree()
    add_movement(tables, 1, NOON, "-3.21", "service_charge")
    installation.hold(tables, datetime(2025, 4, 10, tzinfo=UTC))
    installation.build()
    assert report(installation, MARCH | {"group_by": "date"}).rows != result.rows

    again, _ = message(capsys, "share", "open", out.strip(), "--format", "json", "--output", "-")
    assert json.loads(again) == json.loads(first) == json.loads(json.dumps(as_json(result)))
    files = [tmp_path / name for name in ("shared.csv", "stored.csv")]
    message(capsys, "share", "open", match[1], "--output", str(files[0]))
    message(capsys, "report", "show", result.result_id, "--output", str(files[1]))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_link_can_be_sent_as_a_page_that_stands_alone(
    installation: Warehouse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    result = report(installation, MARCH | {"group_by": "month"})
    page = tmp_path / "a.html"
    written = ("--format", "html", "--output", str(page), "--chart", "Balance Refill: Total")
    link = message(capsys, "share", "create", result.result_id, *written)[0].strip()
    assert result.result_id in page.read_text() and "<svg" in page.read_text()
    message(capsys, "share", "open", link, *written, "--overwrite")
    assert "<svg" in page.read_text()


def test_only_the_hash_of_a_links_id_is_kept(installation: Warehouse) -> None:
    result = report(installation, MARCH)
    with psycopg.connect(installation.url, autocommit=True) as connection:
        made = shares.create(connection, result.result_id, ADMINISTRATOR, NOW)
        row = connection.execute(
            "select s::text, s.link_sha256 from app.shares as s where share_id = %s", (made.share.share_id,)
        ).fetchone()
    assert row is not None
    assert made.link_id not in row[0]
    assert row[1] == hashlib.sha256(made.link_id.encode()).hexdigest()


@pytest.mark.parametrize(
    "link",
    [
        "",
        "0" * 32,
        "0" * 31,
        "1",
        "https://example.org/view?id=" + "f" * 32,
        "/view?id=%00",
        "\udcff",
        "É" * 32,
    ],
)
def test_whatever_is_no_link_is_refused_in_the_same_words(installation: Warehouse, link: str) -> None:
    with psycopg.connect(installation.url, autocommit=True) as connection:
        made = shares.create(connection, report(installation, MARCH).result_id, ADMINISTRATOR, NOW)
        # neither its number nor its hash opens it
        digest = hashlib.sha256(made.link_id.encode()).hexdigest()
        for guess in (link, str(made.share.share_id), digest, made.share.result_id):
            with pytest.raises(NotFound) as refused:
                shares.open_link(connection, guess, NOW, "eve", "page")
            assert str(refused.value) == shares.UNKNOWN


def test_a_link_opens_until_the_instant_it_expires(installation: Warehouse) -> None:
    result = report(installation, MARCH)
    ends = NOW + timedelta(days=30)
    with psycopg.connect(installation.url, autocommit=True) as connection:
        link = shares.create(connection, result.result_id, ADMINISTRATOR, NOW, ends).link_id
        shown, share = shares.open_link(
            connection, link.upper(), ends - timedelta(microseconds=1), "ann", "page"
        )
        assert shown == load(connection, result.result_id) and share.expires_at == ends
        with pytest.raises(NotFound, match="this link expired on 2026-12-21 12:00 UTC"):
            shares.open_link(connection, link, ends, "ann", "page")
        with pytest.raises(InvalidParameter, match="is not ahead"):
            shares.create(connection, result.result_id, ADMINISTRATOR, NOW, NOW)


def test_openings_are_logged_and_a_revoked_link_opens_nothing(
    installation: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    result = report(installation, MARCH)
    link = message(capsys, "share", "create", result.result_id, "--expires", "30d")[0].strip()
    shown, again = (message(capsys, "share", "open", link)[0] for _ in range(2))
    assert again == shown
    assert f"Data through (billing): {result.data_through['billing']}" in shown
    assert "Generated by: tester, analyst, all companies" in shown and f"Result: {result.result_id}" in shown
    with psycopg.connect(installation.url, autocommit=True) as connection:
        (share,) = shares.list_shares(connection, result.result_id)
        openings = connection.execute(
            "select opened_through from app.share_openings where share_id = %s", (share.share_id,)
        ).fetchall()
    assert share.opening_count == 2 and openings == [("command line",)] * 2
    listed, _ = message(capsys, "share", "list", "--result", result.result_id)
    assert "customer-dynamics" in listed and "live until" in " ".join(listed.split())

    assert f"link {share.share_id} is revoked" in message(capsys, "share", "revoke", str(share.share_id))[0]
    _, err = message(capsys, "share", "open", link, exit_code=2)
    assert err.startswith("subdyn: this link was revoked on ")
    assert f"link {share.share_id} was already revoked" in message(capsys, "share", "revoke", link)[0]
    assert "revoked" in message(capsys, "share", "list")[0]
    with psycopg.connect(installation.url, autocommit=True) as connection:
        assert shares.find(connection, link).opening_count == 2


def test_a_sharer_shares_what_was_generated_within_their_branch_and_nothing_else(
    installation: Warehouse,
) -> None:
    by_company = {
        company: report(installation, MARCH, GeneratedBy("ann", "reseller", company_id=company)).result_id
        for company in (1, 2, 4)
    }
    of_everything = report(installation, MARCH, GeneratedBy("root", "administrator")).result_id
    sharer = GeneratedBy("bob", "reseller", company_id=1)
    with psycopg.connect(installation.url, autocommit=True) as connection:
        for company in (1, 2):
            share = shares.create(connection, by_company[company], sharer, NOW).share
            assert (share.shared_by, share.role, share.company_id) == ("bob", "reseller", 1)
        # beside them, above them, and one that is not there: the same words
        unknown = new_result_id()
        for result_id in (by_company[4], of_everything, unknown):
            with pytest.raises(NotFound, match=f"no stored result '{result_id}'"):
                shares.create(connection, result_id, sharer, NOW)
        with pytest.raises(NotFound, match=f"no stored result '{unknown}'"):
            shares.create(connection, unknown, ADMINISTRATOR, NOW)
        leaf = GeneratedBy("eve", "reseller", company_id=2)
        with pytest.raises(NotFound):
            shares.create(connection, by_company[1], leaf, NOW)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("share", "create", "abc"), "no stored result 'abc'"),
        (("share", "create", "0" * 32), f"no stored result '{'0' * 32}'"),
        (("share", "create", "0" * 32, "--expires", "soon"), "--expires: 'soon' is no number of days"),
        (("share", "create", "0" * 32, "--expires", "0"), "--expires: '0' is no number of days"),
        (("share", "open", "1"), "no such link"),
        (("share", "revoke", "999999"), "no link 999999; list them with: subdyn share list"),
        (("share", "revoke", "me"), "no such link"),
        (("share", "list", "--result", "0" * 8), "no stored result '00000000'"),
    ],
)
def test_what_cannot_be_shared_or_opened_is_told_in_one_line(
    installation: Warehouse, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    _, err = message(capsys, *arguments, exit_code=2)
    assert err.count("\n") == 1 and words in err


def test_the_pipeline_changes_of_a_link_only_that_it_is_revoked(installation: Warehouse) -> None:
    result = report(installation, MARCH)
    statements: list[Any] = [
        "update app.shares set expires_at = null",
        "update app.shares set company_id = null",
        "delete from app.shares",
        "delete from app.share_openings",
        "update app.share_openings set opened_by = 'x'",
    ]
    with psycopg.connect(installation.url, autocommit=True) as connection:
        shares.create(connection, result.result_id, ADMINISTRATOR, NOW)
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
