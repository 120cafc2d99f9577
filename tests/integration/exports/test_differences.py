"""`subdyn report diff`: what changed between two stored results, and which movements can have done it."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exports.result import GeneratedBy, StoredResult
from orchestration.cli.app import run
from tests.support.billing_rows import NOON, a_small_tree, add_movement
from tests.support.report_rows import MARCH, report
from tests.support.warehouse import Warehouse

FIRST, SECOND, THIRD = (datetime(2024, month, 10, tzinfo=UTC) for month in (4, 5, 6))
ENTERED_LATE = datetime(2024, 4, 20, tzinfo=UTC)
BEFORE_MARCH = datetime(2024, 2, 10, tzinfo=UTC)
ASKED = MARCH | {"group_by": "month"}
OF_COMPANY_2 = GeneratedBy("ann", "reseller", company_id=2)


@pytest.fixture(scope="module")
def results(shared_warehouse: Warehouse) -> dict[str, StoredResult]:
    """March before and after late, rerated, deleted and vanished movements: of all and of company 2."""
    tables = a_small_tree()
    for amount in ("-1.00", "-2.00", "-4.00", "-8.00"):
        add_movement(tables, 1, NOON, amount, "service_charge")
    shared_warehouse.hold(tables, FIRST)
    shared_warehouse.build()
    found = {
        "before": report(shared_warehouse, ASKED),
        "again": report(shared_warehouse, ASKED),
        "of company 2, before": report(shared_warehouse, ASKED, OF_COMPANY_2),
        "of April": report(shared_warehouse, ASKED | {"from_date": "2024-04-01", "to_date": "2024-04-30"}),
    }
    later = deepcopy(tables)
    later["transactions"][4,]["amount"] = Decimal("-1.50")
    later["transactions"][5,]["deleted_at"] = ENTERED_LATE
    later["transactions"][7,]["amount"] = Decimal("-8.50")
    for at, amount in ((NOON, "10.00"), (BEFORE_MARCH, "5.00"), (ENTERED_LATE, "99.00")):
        add_movement(later, 1, at, amount)
    added = sorted(later["transactions"])[-3:]
    for key, id_ in zip(added, (17, 18, 19), strict=True):
        later["transactions"][id_,] = {
            **later["transactions"].pop(key),
            "id": id_,
            "created_at": ENTERED_LATE,
        }
    del later["transactions"][6,]
    for id_ in range(100, 125):
        free = {"id": id_, "customer_id": 4, "amount": Decimal(0), "kind": "extra_charge"}
        later["transactions"][id_,] = {**later["transactions"][18,], **free}
    later["customer_tags"][4, "vip"] = {"customer_id": 4, "tag": "vip"}
    shared_warehouse.hold(later, SECOND)
    shared_warehouse.build()
    found["after"] = report(shared_warehouse, ASKED)
    found["of company 2, after"] = report(shared_warehouse, ASKED, OF_COMPANY_2)
    last = deepcopy(later)
    last["transactions"][4,]["amount"] = Decimal("-1.75")
    shared_warehouse.hold(last, THIRD)
    return found


@pytest.fixture(autouse=True)
def installation(shared_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The warehouse as the one that the command line works in."""
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", shared_warehouse.admin_url)
    monkeypatch.setenv("COLUMNS", "120")


def message(capsys: pytest.CaptureFixture[str], *arguments: str, exit_code: int = 0) -> str:
    capsys.readouterr()
    assert run(["report", "diff", *arguments]) == exit_code
    said = capsys.readouterr()
    return said.err if exit_code else said.out


def document(capsys: pytest.CaptureFixture[str], a: StoredResult, b: StoredResult) -> dict[str, Any]:
    return json.loads(message(capsys, a.result_id, b.result_id[:12], "--format", "json"))


def test_two_readings_of_the_same_data_do_not_differ(
    results: dict[str, StoredResult], capsys: pytest.CaptureFixture[str]
) -> None:
    said = message(capsys, results["before"].result_id, results["again"].result_id)
    assert "no differences: 2 rows of 21 columns compared" in said
    found = document(capsys, results["before"], results["again"])
    assert found["equal"] is True and found["changes"] == [] and found["causes"]["movements"] == []


def test_changed_cells_are_told_with_what_came_late_was_rerated_or_deleted(
    results: dict[str, StoredResult], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = results["before"], results["after"]
    found = document(capsys, before, after)
    changes = {
        (one["row"], one["column"]): (one["a"], one["b"], one["difference"]) for one in found["changes"]
    }
    for row in ("2024-03", "Total"):
        # four charges of 15.00 became two of 10.00; one refill of 10.00 came to three
        assert changes[row, "Pay as you Go: Total"] == ("15.0000", "10.0000", "-5.0000")
        assert changes[row, "Balance Refill: Total"] == ("30.0000", "40.0000", "10.0000")
        assert changes[row, "Balance Refill: Qty"] == (3, 4, 1)
        # and 5.00 of February count in the balance alone
        assert changes[row, "Clients - All: Balance"] == ("15.0000", "35.0000", "20.0000")
    assert found["parameters"] == [] and found["equal"] is False

    causes = found["causes"]
    reported_count = [
        (one["transaction_id"], one["what"], one["is_before_the_interval"]) for one in causes["movements"]
    ]
    assert reported_count[:5] == [
        (5, "deleted", False),
        (6, "deleted", False),
        (7, "changed", False),
        (17, "late", False),
        (18, "late", True),
    ]
    assert reported_count[5:] == [(id_, "late", True) for id_ in range(100, 115)]
    # rerated again since, so that what the later result saw is not known
    assert causes["movement_counts"] == {"changed": 1, "changed again": 1, "deleted": 2, "late": 27}
    assert causes["other_rows"] == {"customer_tags": 1}
    late = causes["movements"][3]
    assert (late["customer_id"], late["kind"], late["amount"]) == (1, "payment", "10.000000")
    assert datetime.fromisoformat(late["confirmed_at"]) == NOON
    assert datetime.fromisoformat(late["loaded_as_of"]) == SECOND


def test_people_are_told_the_same(
    results: dict[str, StoredResult], capsys: pytest.CaptureFixture[str]
) -> None:
    said = message(capsys, results["before"].result_id, results["after"].result_id)
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "2024-03 Pay as you Go: Total 15.0000 10.0000 -5.0000" in lines
    assert "Total Balance Refill: Qty 3 4 +1" in lines
    assert any(line.startswith("late 17 1 2024-03-15 12:00 payment 10.000000 EUR") for line in lines)
    assert any(line.startswith("changed again 1: changed again after the later result") for line in lines)
    back = message(capsys, results["after"].result_id, results["before"].result_id)
    assert "Total Balance Refill: Qty 4 3 -1" in [" ".join(line.split()) for line in back.splitlines()]
    assert "late 17 1" in " ".join(back.split())


def test_movements_of_other_branches_are_not_told(
    results: dict[str, StoredResult], capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, results["of company 2, before"], results["of company 2, after"])
    assert found["equal"] is True
    assert found["causes"]["movements"] == [] and found["causes"]["movement_counts"] == {}


def test_two_questions_are_compared_where_they_meet_and_told_apart(
    results: dict[str, StoredResult], capsys: pytest.CaptureFixture[str]
) -> None:
    said = message(capsys, results["before"].result_id, results["of April"].result_id)
    assert "asked differently: from date: 2024-03-01 in A, 2024-04-01 in B" in said
    assert "rows only in A: 2024-03" in said and "rows only in B: 2024-04" in said


def test_what_cannot_be_compared_is_told_in_one_line(
    results: dict[str, StoredResult], capsys: pytest.CaptureFixture[str]
) -> None:
    err = message(capsys, "0" * 32, results["after"].result_id, exit_code=2)
    assert err == f"subdyn: no stored result '{'0' * 32}'; list them with: subdyn report list\n"
    assert "an id is 32 hexadecimal digits" in message(capsys, "a", "b", exit_code=2)
    assert "--format" in message(capsys, "a", "b", "--format", "xlsx", exit_code=2)
