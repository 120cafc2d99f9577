"""What a check says of the rows that it found: a table for the UI, a line for a log."""

from orchestration.dbt_tests import FoundRows, found_rows
from orchestration.dbt_tests import test_description as description_of


def test_what_markdown_would_take_for_its_own_is_escaped() -> None:
    found = FoundRows(("key", "value"), (("1", "a|b"), ("2", "<img src=x> [link](y) *bold*")))
    assert found.markdown().splitlines() == [
        "| key | value |",
        "| --- | --- |",
        "| 1 | a\\|b |",
        "| 2 | \\<img src=x\\> \\[link\\]\\(y\\) \\*bold\\* |",
    ]


def test_only_the_first_rows_are_shown_and_fewer_named() -> None:
    found = found_rows([{"key": number} for number in range(500)])
    assert len(found.markdown().splitlines()) == 22
    assert str(found) == "key 0; key 1; key 2 ..."


def test_a_long_value_is_cut_and_line_ends_are_none() -> None:
    found = found_rows([{"note": "x" * 500 + "\nnext"}])
    assert len(str(found)) < 100
    assert all(len(line) < 120 for line in found.markdown().splitlines())


def test_a_test_without_a_description_is_told_by_its_kind_and_column() -> None:
    described = {
        "not_null": {"column_name": "id"},
        "unique": {"column_name": "id"},
        "unique_combination": {"columns": ["a", "b"]},
        "relationships": {"column_name": "c_id", "to": "ref('dim_c')", "field": "id"},
        "accepted_values": {"column_name": "kind", "values": ["x", "y"]},
    }
    assert [
        description_of({"test_metadata": {"name": name, "kwargs": given}})
        for name, given in described.items()
    ] == [
        "id is never empty.",
        "No two rows share their id.",
        "No two rows share their a, b.",
        "Every c_id is the id of a row of dim_c.",
        "kind is one of x, y.",
    ]
    assert description_of({"test_metadata": {"name": "unheard_of", "kwargs": {}}}) is None
    assert description_of({"description": "Its own\n words."}) == "Its own words."
