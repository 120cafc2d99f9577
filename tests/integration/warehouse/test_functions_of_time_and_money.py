"""The functions against data nobody here wrote: odd local days of the IANA tables, the ECB's rates."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.support.public_data import public_data
from tests.support.warehouse import Warehouse

# Cut otherwise by the server's zone tables than by IANA 2026f; the server is the one place of cutting.
KNOWN_TO_DIFFER = {("Africa/Casablanca", "2026-09-20"), ("Africa/El_Aaiun", "2026-09-20")}
# base, currency, day of January 2020, rate; each changed later than the one before
MADE_UP_RATES = [
    ("AAA", "BBB", 1, "2"), ("BBB", "AAA", 5, "0.25"), ("AAA", "BBB", 9, "3"), ("BBB", "AAA", 9, "0.1"),
    ("ZAA", "CCC", 3, "1"), ("ZAA", "DDD", 5, "5"), ("ZBB", "CCC", 3, "1"), ("ZBB", "DDD", 2, "6"),
    ("ZBB", "DDD", 3, "7"), ("ZBB", "CCC", 6, "1"), ("ZBB", "DDD", 6, "8"),
    ("DDD", "CCC", 7, "0.25"), ("ZBB", "CCC", 7, "1"), ("ZBB", "DDD", 7, "3"), ("CCC", "DDD", 8, "2"),
    ("ZAA", "CCC", 9, "1"), ("ZAA", "DDD", 9, "9"),
    ("EEE", "FFF", 1, "2"), ("EEE", "FFF", 2, "0"), ("EEE", "FFF", 3, "-1"), ("EEE", "FFF", 4, "NaN"),
    (" ggg ", "hhh", 8, "5"), ("GGG", "HHH", 8, "6"),
]  # fmt: skip


@pytest.fixture(scope="module")
def functions(shared_warehouse: Warehouse) -> Warehouse:
    columns = "base_currency, currency, rate_date, rate, updated_at, _load_id, _extracted_at"
    moment = datetime(2026, 10, 30, tzinfo=UTC)
    with (
        psycopg.connect(shared_warehouse.url) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"copy raw_billing.exchange_rates ({columns}) from stdin".encode()) as copy,
    ):
        for day, currency, rate in ecb_rates():
            copy.write_row(("EUR", currency, day, rate, moment, 1, moment))
        for number, (base, currency, day, rate) in enumerate(MADE_UP_RATES):
            changed_at = moment + timedelta(number)
            copy.write_row((base, currency, date(2020, 1, day), rate, changed_at, 1, moment))
    functions_of_time = ("first_instant", "local_day_start", "months_before")
    shared_warehouse.build("--select", *functions_of_time, "+required_exchange_rate")
    return shared_warehouse


def one(warehouse: Warehouse, query: str, *parameters: Any) -> Any:
    return next(iter(warehouse.rows(f"select {query} as value", *parameters)[0].values()))


def test_local_days_are_cut_at_their_first_instants(functions: Warehouse) -> None:
    with public_data("tz/odd_days_2008_2029.csv").open(encoding="utf-8") as lines:
        days = [
            day for day in csv.DictReader(lines) if (day["zone"], day["local_date"]) not in KNOWN_TO_DIFFER
        ]
    cut = functions.rows(
        "select marts.local_day_start(d, z) as starts_at, marts.local_day_start(d + 1, z) as ends_at"
        " from unnest(%s::text[], %s::date[]) with ordinality as asked (z, d, n) order by n",
        [day["zone"] for day in days],
        [day["local_date"] for day in days],
    )

    wrong = []
    for day, row in zip(days, cut, strict=True):
        if day["note"].startswith("day does not exist"):
            expected = (row["ends_at"], row["ends_at"])
        else:
            expected = (datetime.fromisoformat(day["utc_first"]), datetime.fromisoformat(day["utc_end"]))
        # the clocks fell back over midnight: the next day starts before this one has shown its end
        if day["note"].startswith("not contiguous"):
            expected = (expected[0], min(expected[1], row["ends_at"]))
        if (row["starts_at"], row["ends_at"]) != expected:
            wrong.append((day, row))
    assert len(days) > 5500
    assert wrong == []


@pytest.mark.parametrize(
    ("instant", "months", "zone", "expected"),
    [
        ("2026-03-31T12:00Z", 1, "UTC", "2026-02-28T12:00Z"),
        ("2024-03-31T12:00Z", 1, "UTC", "2024-02-29T12:00Z"),
        ("2026-01-15T00:00Z", 12, "UTC", "2025-01-15T00:00Z"),
        # the same local time on the other side of a change of clocks
        ("2026-04-15T22:00Z", 1, "Europe/Berlin", "2026-03-15T23:00Z"),
        # in the zone it is the last of the month already
        ("2026-03-30T18:20Z", 1, "Asia/Kathmandu", "2026-02-27T18:20Z"),
        # 02:30 did not occur on 29 March: the instant of the jump; it occurred twice on 25 October: the first
        ("2026-04-29T00:30Z", 1, "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-11-25T01:30Z", 1, "Europe/Berlin", "2026-10-25T00:30Z"),
    ],
)
def test_months_before_keeps_local_time_and_clamps_the_day(
    functions: Warehouse, instant: str, months: int, zone: str, expected: str
) -> None:
    found = one(functions, "marts.months_before(%s, %s, %s)", datetime.fromisoformat(instant), months, zone)
    assert found == datetime.fromisoformat(expected)


def ecb_rates() -> list[tuple[date, str, Decimal]]:
    """Every published rate of the euro: date, currency, what one euro is."""
    with zipfile.ZipFile(public_data("fx/eurofxref-hist.zip")) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    return [
        (date.fromisoformat(row["Date"]), currency.strip(), Decimal(rate))
        for row in csv.DictReader(io.StringIO(text))
        for currency, rate in row.items()
        if currency and currency.strip() not in ("", "Date") and rate and rate.strip() not in ("", "N/A")
    ]


def test_conversion_follows_the_published_rates(functions: Warehouse) -> None:
    def rate(source: str, target: str, day: str) -> Decimal | None:
        return one(functions, "marts.exchange_rate(%s, %s, %s::date)", source, target, day)

    def round_to(value: Decimal | None, places: str) -> Decimal:
        assert value is not None
        return value.quantize(Decimal(places))

    assert 100 * round_to(rate("EUR", "USD", "2013-03-21"), "0.0001") == Decimal("129.10")
    assert rate("EUR", "USD", "2013-03-23") == rate("EUR", "USD", "2013-03-22")  # a Saturday has Friday's
    assert rate("USD", "USD", "1970-01-01") == 1
    assert rate("EUR", "USD", "1998-12-31") is None
    assert rate("EUR", "XXX", "2020-01-01") is None
    inverse = rate("USD", "EUR", "2013-03-21")
    assert round_to(inverse, "0.000000001") == round_to(1 / Decimal("1.2910"), "0.000000001")
    dollars, pounds = rate("EUR", "USD", "2020-06-30"), rate("EUR", "GBP", "2020-06-30")
    assert dollars is not None and pounds is not None
    assert round_to(rate("USD", "GBP", "2020-06-30"), "0.0000000001") == round_to(
        pounds / dollars, "0.0000000001"
    )
    # a currency that was not quoted for years keeps its last rate, an ended one too
    assert rate("EUR", "ISK", "2015-01-01") == rate("EUR", "ISK", "2008-12-10")
    assert rate("EUR", "HRK", "2026-01-01") == rate("EUR", "HRK", "2022-12-30")


@pytest.mark.parametrize(
    ("pair", "day", "expected"),
    [
        ("AAA BBB", 1, 2),  # the pair alone
        ("AAA BBB", 5, 4),  # the pair turned round is fresher
        ("AAA BBB", 9, 3),  # both of the same day
        ("CCC DDD", 4, 7),  # over ZBB alone: ZAA lacks one of the two
        ("CCC DDD", 5, 5),  # ZAA's other is of that day, but it is as old as ZBB: the first by name
        ("CCC DDD", 6, 8),  # both of ZBB are fresher than the older of ZAA
        ("CCC DDD", 7, 4),  # the pair turned round, as fresh as a cross
        ("CCC DDD", 9, 9),  # a cross that is fresher than the pair itself
        ("EEE FFF", 9, 2),  # 0, what is below and what is no number is no rate
        ("GGG HHH", 9, 6),  # of two spellings the one that changed later
        ("GGG KKK", 9, None),
    ],
)
def test_the_freshest_rate_counts_whichever_way_it_leads(
    functions: Warehouse, pair: str, day: int, expected: int | None
) -> None:
    source, target = pair.split()
    found = one(functions, "marts.exchange_rate(%s, %s, %s)", source, target, date(2020, 1, day))
    assert found == expected


def test_a_rate_that_is_none_is_set_aside_with_its_reason(functions: Warehouse) -> None:
    found = functions.findings("--select", "no_exchange_rate_is_rejected")
    status, rows = found["no_exchange_rate_is_rejected"]
    assert status == "warn"
    assert [row[-1] for row in rows.rows] == [
        *["a rate is above zero"] * 3,
        "the pair has another rate of the date, written otherwise and changed later",
    ]


def test_missing_rate_is_an_error_that_names_currencies_and_date(functions: Warehouse) -> None:
    with pytest.raises(
        psycopg.errors.RaiseException, match="no exchange rate from USD to XXX on or before 2026-01-02"
    ):
        one(functions, "marts.required_exchange_rate('USD', 'XXX', %s::date)", "2026-01-02")
