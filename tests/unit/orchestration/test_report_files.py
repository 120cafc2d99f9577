"""Files of results: names that tell them apart, and nothing is lost under a name that is taken."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exports.render.info import file_stem
from exports.result import Interval, StoredResult
from orchestration.report_files import write_asked_files, write_file, write_files
from tests.support.results import END, START, a_result

PLAIN: dict[str, Any] = {"group_by": ["month"], "currency": "USD", "active_duration_months": 1, "tags": []}


def result_of(result_id: str = "0123456789ab" + "0" * 20, **parameters: Any) -> StoredResult:
    return a_result(parameters=PLAIN | parameters, result_id=result_id)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "customer-dynamics_2026-01-01_2026-01-01_by-month_USD"),
        ({"group_by": ["month", "package"]}, "_by-month-package_USD"),
        ({"group_by": [], "currency": "EUR"}, "customer-dynamics_2026-01-01_2026-01-01_EUR"),
        ({"company_id": 3, "owner_user_id": 4, "package_id": 5}, "_company-3_owner-4_package-5_USD"),
        ({"client_type": "call_shop", "tags": ["gold", "new"]}, "_type-call-shop_tag-gold-new_USD"),
        ({"active_duration_months": 3}, "_active-3-months_USD"),
        ({"time_zone": "Etc/GMT+5"}, "_USD_Etc-GMT+5"),
        ({"time_zone": "each subscriber's own time zone", "subscriber_id": 7}, "_subscriber-7_USD"),
    ],
)
def test_a_name_tells_what_was_asked(parameters: dict[str, Any], message: str) -> None:
    assert file_stem(result_of(**parameters)).endswith(message)


def test_different_questions_have_different_names_even_where_a_name_cannot_hold_them() -> None:
    tags = [
        ["a/b"],
        ["a:b"],
        ["a b"],
        ["a-b"],
        ["a", "b"],
        ["../../x"],
        ["я"],
        ["ї"],
        ["x" * 300],
        ["x" * 301],
    ]
    results = [result_of(tags=tag) for tag in tags]
    names = [file_stem(result) for result in results]
    assert len(set(names)) == len(tags)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9+_-]{1,200}", name)
    other_days = Interval(date(2026, 1, 1), date(2026, 1, 2), "UTC", START, END)
    assert file_stem(replace(results[0], asked_interval=other_days)) != names[0]


def test_a_nights_files_replace_those_of_the_same_question_alone(tmp_path: Path) -> None:
    first = write_files(result_of(), tmp_path, ("csv", "json"))
    again = write_files(result_of("f" * 32), tmp_path, ("csv", "json"))
    (other,) = write_files(result_of(company_id=3), tmp_path, ("csv",))
    assert first == again and sorted(tmp_path.iterdir()) == sorted([*first, other])
    assert "f" * 32 in first[1].read_text()


def test_what_was_asked_for_bears_its_id_and_replaces_nothing_unasked(tmp_path: Path) -> None:
    (nightly,) = write_files(result_of(), tmp_path, ("csv",))
    (mine,) = write_asked_files(result_of(), tmp_path, ("csv",), overwrite=False)
    (yours,) = write_asked_files(result_of("f" * 32), tmp_path, ("csv",), overwrite=False)
    assert mine.name == f"{nightly.stem}_0123456789ab.csv"
    assert len({nightly, mine, yours}) == 3
    mine.write_text("edited by hand")
    with pytest.raises(FileExistsError):
        write_asked_files(result_of(), tmp_path, ("csv",), overwrite=False)
    assert mine.read_text() == "edited by hand"
    write_asked_files(result_of(), tmp_path, ("csv",), overwrite=True)
    assert mine.read_text().startswith("Date,")
    assert sorted(tmp_path.iterdir()) == sorted([nightly, mine, yours]), "nothing unfinished is left"


def test_a_file_where_a_folder_is_needed_is_no_file_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        write_file(result_of(), tmp_path / "file" / "x.csv", "csv", overwrite=False)
