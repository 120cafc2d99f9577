"""An error about a name tells the names there are, as far as one line can."""

from __future__ import annotations

from exports.errors import close_ids, close_matches

CODES = [f"{first}{second}X" for first in "ABCDEFG" for second in "ABCDEF"]


def test_what_is_like_nothing_is_answered_with_what_is_known():
    assert close_matches("UAH", ["USD", "EUR", "SEK"]) == "known: EUR, SEK, USD"
    assert close_matches("UAH", CODES[:13]) == "known: " + ", ".join(CODES[:13])
    assert close_matches("UAH", CODES[:40]) == "known: " + ", ".join(CODES[:40])
    assert close_matches("UAH", []) == "there is none"


def test_more_than_a_line_holds_is_told_in_part_and_counted():
    assert close_matches("UAH", CODES) == f"42 are known: {', '.join(CODES[:40])} and 2 more"
    long = close_matches("?", [f"{number:03}" * 40 for number in range(30)])
    assert len(long) < 700 and long.startswith("30 are known: 000") and long.endswith("more")


def test_what_is_like_a_few_is_answered_with_them():
    assert close_matches("usx", ["USD", "EUR"]) == "did you mean USD?"


def test_an_id_is_answered_with_ids_and_names():
    names = {number: f"Company {number}" for number in range(1, 13)}
    assert close_ids(99, names).startswith("known: 1 Company 1, 2 Company 2, 3 Company 3")
    many = {number: f"Company {number}" for number in range(1000, 1100)}
    assert close_ids(10599, many).startswith("did you mean 1099 Company 1099, 1059 Company 1059")
    assert close_ids(7, many).startswith("100 are known: 1000 Company 1000")
