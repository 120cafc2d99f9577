"""The made-up operator's arithmetic: exact money, whole instants, calendar months, recipes read back."""

from datetime import date

import pytest

from demo.errors import DemoError
from demo.operator.customers import customer_batches
from demo.operator.recipe import Recipe
from demo.operator.reference import Reference
from demo.operator.text_rows import add_months, instant, local_midnight, money_text, time_text


def rows(recipe: Recipe, customers_per_batch: int) -> dict[str, list[str]]:
    collected: dict[str, list[str]] = {}
    for batch in customer_batches(recipe, Reference(recipe), customers_per_batch):
        for table, lines in batch.lines.items():
            collected.setdefault(table, []).extend(lines)
    return collected


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.000000"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (12_345_678, "12.345678"),
        (-5_000_000, "-5.000000"),
    ],
)
def test_money_is_told_to_the_last_place(amount: int, text: str) -> None:
    assert money_text(amount) == text


def test_instants_are_told_in_utc_to_the_microsecond() -> None:
    assert time_text(instant(date(2026, 3, 31)) + 86_399_999_999) == "2026-03-31 23:59:59.999999"
    assert time_text(None) == "\\N"


def test_a_local_midnight_follows_the_zone_and_its_summer_time() -> None:
    assert time_text(local_midnight(date(2026, 1, 15), "Asia/Kathmandu")) == "2026-01-14 18:15:00.000000"
    assert time_text(local_midnight(date(2026, 7, 15), "Europe/Berlin")) == "2026-07-14 22:00:00.000000"


def test_months_are_calendar_months_clamped_to_the_last_day() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2026, 3, 31), -13) == date(2025, 2, 28)


def test_a_recipe_is_read_back_from_its_mark_and_an_unfinished_mark_tells_none() -> None:
    recipe = Recipe(customers=7, months=3, seed=5, ending=date(2026, 2, 28), subscribers=2)
    assert Recipe.from_comment(recipe.as_comment()) == recipe
    assert Recipe.from_comment("made up by subscriber-dynamics, unfinished") is None
    assert Recipe.from_comment("our customers") is None


def test_fourteen_months_end_on_the_last_day() -> None:
    assert Recipe(ending=date(2026, 11, 20)).first_day == date(2025, 9, 21)


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"months": 0}, {"months": 241}, {"subscribers": 0}])
def test_a_recipe_without_content_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(DemoError):
        Recipe(**wrong)  # pyright: ignore[reportArgumentType]


def test_batches_do_not_change_the_rows() -> None:
    recipe = Recipe(customers=60, months=6, seed=3, ending=date(2026, 3, 31))
    assert rows(recipe, 7) == rows(recipe, 60)


def test_more_customers_leave_those_before_as_they_are() -> None:
    few = rows(Recipe(customers=20, months=6, ending=date(2026, 3, 31)), 20)
    many = rows(Recipe(customers=30, months=6, ending=date(2026, 3, 31)), 20)
    assert all(many[table][: len(lines)] == lines for table, lines in few.items())
