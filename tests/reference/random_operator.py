"""Small made-up billing sources, deterministic by seed, that sit on every edge a report can fall off.

Words, currencies and zones are spelt as hands spell them, some are unknown, and some instants lie ahead.

Instants fall on the first instants of local days and months and a microsecond beside them, in zones at :30
and :45, with daylight saving, without midnights, with midnights that occur twice, and with a day that never
was.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.customer_dynamics import Question
from tests.reference.local_time import ONE_DAY, SMALLEST, day_start, months_before

ZONES = (
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "America/Havana",
    "America/Sao_Paulo",
    "America/New_York",
    "Europe/Berlin",
)
# Around a day that never was, midnights skipped or occurring twice, clock changes, and ends of February.
CENTRES = (
    date(2011, 12, 30),
    date(2018, 11, 4),
    date(2020, 11, 1),
    date(2021, 3, 14),
    date(2024, 2, 29),
    date(2024, 3, 31),
    date(2023, 4, 2),
)
CURRENCIES = ("USD", "EUR", "GBP", "JPY")
TAGS = ("gold", "new", "=trial")
CLIENT_TYPES = ("client", "reseller", "calling_card", "call_shop")
KINDS = ("payment", "service_charge", "activation_fee", "subscription_fee", "extra_charge")
Key = tuple[Any, ...]
Row = dict[str, Any]


@dataclass
class Operator:
    """A billing source: rows by key in each table, how far it is complete, and the stream of its chances."""

    rng: random.Random
    centre: date
    zones: tuple[str, ...]
    data_through: datetime
    spelling: random.Random
    tables: dict[str, dict[Key, Row]] = field(default_factory=dict)

    @property
    def source(self) -> dict[str, list[Row]]:
        """The rows of each table."""
        return {name: list(rows.values()) for name, rows in self.tables.items()}


def make_operator(seed: int) -> Operator:
    """The operator of that seed: some twenty customers in a tree of companies, some months of history."""
    rng = random.Random(seed)
    centre = CENTRES[seed % len(CENTRES)]
    # few zones, so that things happen on the very boundaries that are asked for
    zones = ("UTC", *rng.sample(ZONES[1:], 3))
    operator = Operator(rng, centre, zones, datetime(2000, 1, 1, tzinfo=UTC), random.Random(-seed))
    operator.data_through = _loaded_at(operator)
    _add_companies(operator)
    _add_packages(operator)
    _add_rates(operator)
    operator.tables |= {
        "customers": {},
        "customer_tags": {},
        "accounts": {},
        "subscriptions": {},
        "transactions": {},
    }
    for _ in range(rng.randint(10, 22)):
        add_customer(operator)
    return operator


def spelt(operator: Operator, word: str, unknown: str | None = None) -> str:
    """The word as some hand wrote it; one of twenty is another that is unknown, if there may be."""
    if unknown is not None and operator.spelling.random() < 0.05:
        return unknown
    return operator.spelling.choice((word, word, word.upper(), word.lower(), f" {word}\t"))


def instant(operator: Operator, earliest: int = -110, latest: int = 75) -> datetime:
    """An instant between so many days from the centre, on or beside a boundary more often than not."""
    rng = operator.rng
    zone = ZoneInfo(rng.choice(operator.zones))
    day = (
        busy_day(operator)
        if rng.random() < 0.5
        else operator.centre + rng.randint(earliest, latest) * ONE_DAY
    )
    match rng.randrange(5):
        case 0:
            return day_start(day, zone) + rng.randint(0, 86_400_000_000) * SMALLEST
        case 1:
            # the other end of somebody's N months
            return (
                months_before(day_start(day, zone), rng.choice((1, 2, 3)), zone)
                + rng.choice((-1, 0, 1)) * SMALLEST
            )
        case _:
            return day_start(day, zone) + rng.choice((-1, 0, 0, 1)) * SMALLEST


def _loaded_at(operator: Operator) -> datetime:
    """An instant some weeks after the centre, at any time of the day or at a day's start."""
    day = operator.centre + operator.rng.randint(10, 75) * ONE_DAY
    starts_at = day_start(day, ZoneInfo(operator.rng.choice(operator.zones)))
    return starts_at + operator.rng.choice((0, operator.rng.randint(0, 86_400_000_000))) * SMALLEST


def busy_day(operator: Operator) -> date:
    """One of the few days on which much happens: around the centre, and the firsts of the months about it."""
    rng = operator.rng
    if rng.random() < 0.5:
        return operator.centre + rng.randint(-1, 2) * ONE_DAY
    return (operator.centre + rng.choice((-60, -30, 0, 31)) * ONE_DAY).replace(day=1)


def amount(operator: Operator) -> Decimal:
    """Mostly cents, sometimes zero or with all six decimals."""
    rng = operator.rng
    match rng.randrange(5):
        case 0:
            return Decimal(0)
        case 1:
            return Decimal(rng.randint(1, 99_999_999)).scaleb(-6)
        case 2:
            return Decimal(rng.choice((5, 15, 25, 100_005))).scaleb(-5)
        case _:
            return Decimal(rng.randint(1, 50_000)).scaleb(-2)


def add_customer(operator: Operator) -> int:
    """A customer with tags, packages held and movements; its id."""
    rng = operator.rng
    id_ = max((key[0] for key in operator.tables["customers"]), default=0) + 1
    created_at = instant(operator, -110, 20)
    operator.tables["customers"][id_,] = {
        "id": id_,
        "company_id": rng.choice(list(operator.tables["companies"]))[0],
        "owner_user_id": rng.choice((None, 1, 2)),
        "name": f"Customer {id_}",
        "type": spelt(operator, rng.choice(CLIENT_TYPES), "guest"),
        "currency": spelt(operator, rng.choice(CURRENCIES)),
        "balance": Decimal(0),
        "created_at": created_at,
        "deleted_at": max(instant(operator), created_at) if rng.random() < 0.25 else None,
    }
    for tag in TAGS:
        if rng.random() < 0.3:
            operator.tables["customer_tags"][id_, tag] = {"customer_id": id_, "tag": tag}
    operator.tables["accounts"][id_,] = {
        "id": id_,
        "customer_id": id_,
        "login": f"account{id_}",
        "active": True,
        "activated_at": created_at,
        "deactivated_at": None,
        "created_at": created_at,
        "deleted_at": None,
    }
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        add_subscription(operator, id_)
    for _ in range(rng.randint(0, 18)):
        add_transaction(operator, id_)
    return id_


def add_subscription(operator: Operator, customer_id: int) -> None:
    """A package held for a while, for ever, or for no time at all."""
    rng = operator.rng
    id_ = max((key[0] for key in operator.tables["subscriptions"]), default=0) + 1
    activated_at = instant(operator)
    stopped_at = None
    if rng.random() < 0.6:
        stopped_at = rng.choice((activated_at, max(activated_at, instant(operator))))
    operator.tables["subscriptions"][id_,] = {
        "id": id_,
        "customer_id": customer_id,
        "account_id": None,
        "package_id": rng.choice(list(operator.tables["packages"]))[0],
        "activated_at": activated_at,
        "stopped_at": stopped_at,
        "created_at": activated_at,
    }


def add_transaction(operator: Operator, customer_id: int) -> None:
    """A movement of any kind and sign; some unconfirmed, some deleted."""
    rng = operator.rng
    id_ = max((key[0] for key in operator.tables["transactions"]), default=0) + 1
    kind = rng.choice(KINDS)
    sign = 1 if kind == "payment" else -1
    confirmed_at = instant(operator)
    has_package = rng.random() < (0.85 if kind.endswith("_fee") else 0.25)
    operator.tables["transactions"][id_,] = {
        "id": id_,
        "customer_id": customer_id,
        "kind": spelt(operator, kind, "tip"),
        "amount": amount(operator) * sign * rng.choice((1, 1, 1, 1, -1)),
        "currency": spelt(operator, operator.tables["customers"][customer_id,]["currency"].strip()),
        "package_id": rng.choice(list(operator.tables["packages"]))[0] if has_package else None,
        "subscription_id": None,
        "source": rng.choice((None, "gateway", "manual")),
        "gateway": None,
        "note": None,
        "created_at": confirmed_at,
        "confirmed_at": confirmed_at if rng.random() < 0.93 else None,
        "deleted_at": instant(operator) if rng.random() < 0.15 else None,
    }


def _add_companies(operator: Operator) -> None:
    rng, born = operator.rng, datetime.combine(operator.centre - 400 * ONE_DAY, datetime.min.time(), UTC)
    operator.tables["companies"] = {
        (id_,): {
            "id": id_,
            "parent_id": parent,
            "name": f"Company {id_}",
            "time_zone": spelt(operator, rng.choice(ZONES)),
            "currency": spelt(operator, rng.choice(CURRENCIES)),
            "created_at": born,
            "deleted_at": None,
        }
        for id_, parent in ((1, None), (2, 1), (3, 1), (4, 3), (5, rng.choice((None, 4))))
    }
    operator.tables["users"] = {
        (id_,): {
            "id": id_,
            "company_id": id_,
            "login": f"owner{id_}",
            "name": f"Owner {id_}",
            "created_at": born,
            "deleted_at": None,
        }
        for id_ in (1, 2)
    }


def _add_packages(operator: Operator) -> None:
    rng = operator.rng
    names = ["Silver", "Gold", "Silver", None][: rng.randint(2, 4)]
    operator.tables["packages"] = {
        (id_,): {
            "id": id_,
            "company_id": 1,
            "name": name,
            "activation_fee": Decimal(10),
            "subscription_fee": Decimal(5),
            "currency": "USD",
            "period_months": 1,
            "created_at": datetime.combine(operator.centre - 400 * ONE_DAY, datetime.min.time(), UTC),
            "deleted_at": None,
        }
        for id_, name in enumerate(names, start=1)
    }


def _add_rates(operator: Operator) -> None:
    """Rates with holes, published either way round; in one operator of three they begin too late."""
    rng = operator.rng
    rates: dict[Key, Row] = {}
    first = operator.centre - (60 if rng.random() < 0.33 else 200) * ONE_DAY
    pairs = [("EUR", "USD", "1.08"), ("EUR", "GBP", "0.86"), ("EUR", "JPY", "163.7"), ("USD", "GBP", "0.79")]
    for pair in pairs[: rng.choice((3, 4))]:
        base, currency, about = spelt(operator, pair[0]), spelt(operator, pair[1]), pair[2]
        day = first
        while day < operator.centre + 80 * ONE_DAY:
            rate = Decimal(about) + Decimal(rng.randint(-99_999, 99_999)).scaleb(-6)
            rates[base, currency, day] = {
                "base_currency": base,
                "currency": currency,
                "rate_date": day,
                "rate": rate,
            }
            day += rng.choice((1, 1, 2, 3, 25)) * ONE_DAY
    operator.tables["exchange_rates"] = rates


def mutate(operator: Operator) -> None:
    """What later loads bring: late, rerated, deleted, erased and moved rows, a tree that changes."""
    rng, tables = operator.rng, operator.tables
    customers = [key[0] for key in tables["customers"]]
    operator.data_through = max(operator.data_through, _loaded_at(operator))
    for id_ in rng.sample(customers, min(4, len(customers))):
        add_transaction(operator, id_)
        add_subscription(operator, id_)
    add_customer(operator)
    transactions = list(tables["transactions"].values())
    for row in rng.sample(transactions, min(8, len(transactions))):
        match rng.randrange(5):
            case 0:
                tables["transactions"][row["id"],] = row | {"amount": -row["amount"] + 1}
            case 1:
                tables["transactions"][row["id"],] = row | {"deleted_at": operator.data_through}
            case 2:
                del tables["transactions"][row["id"],]
            case 3:
                tables["transactions"][row["id"],] = row | {"confirmed_at": instant(operator)}
            case _:
                heir = rng.choice(customers)
                currency = tables["customers"][heir,]["currency"]
                tables["transactions"][row["id"],] = row | {"customer_id": heir, "currency": currency}
    for key in rng.sample(list(tables["subscriptions"]), min(3, len(tables["subscriptions"]))):
        if rng.random() < 0.4:
            del tables["subscriptions"][key]
        else:
            row = tables["subscriptions"][key]
            tables["subscriptions"][key] = row | {"stopped_at": max(row["activated_at"], instant(operator))}
    changed = rng.choice(customers)
    tables["customers"][changed,] = tables["customers"][changed,] | {
        "deleted_at": None,
        "company_id": rng.randint(1, 5),
        "type": rng.choice(CLIENT_TYPES),
    }
    if tables["customer_tags"]:
        tables["customer_tags"].pop(rng.choice(list(tables["customer_tags"])))
    erased = rng.choice(customers)
    tables["customers"].pop((erased,))
    tables["companies"][4,] = tables["companies"][4,] | {"parent_id": rng.choice((1, 2, 3, None))}
    if rng.random() < 0.5:
        tables["packages"].pop((2,), None)
    for key in rng.sample(list(tables["exchange_rates"]), 5):
        rate = tables["exchange_rates"][key]
        tables["exchange_rates"][key] = rate | {"rate": rate["rate"] * 2}


def random_question(operator: Operator) -> Question:
    """Any question the operator can be asked; its dates lie mostly within the history."""
    rng = operator.rng
    grouping = {
        rng.choice(("year", "quarter", "month", "week", "date", None, None)),
        rng.choice(("package", None, None)),
    } - {None}
    longest = 12 if "date" in grouping else 150
    first = operator.centre + rng.randint(-130, 80) * ONE_DAY
    if rng.random() < 0.6:
        first = busy_day(operator)
    last = first + rng.randint(0, longest) * ONE_DAY
    end = busy_day(operator)
    if rng.random() < 0.5 and first < end <= first + longest * ONE_DAY:
        last = end - ONE_DAY
    packages = [key[0] for key in operator.tables["packages"]]
    tags = [row["tag"] for row in operator.tables["customer_tags"].values()]
    return Question(
        from_date=first,
        to_date=last,
        time_zone=rng.choice(operator.zones),
        currency=rng.choice(CURRENCIES),
        active_duration_months=rng.choice((1, 1, 2, 3, 12)),
        client_type=rng.choice((*CLIENT_TYPES, *[None] * 6)),
        tags=tuple(sorted(set(rng.sample(tags, min(2, len(tags)))))) if rng.random() < 0.2 else (),
        company_id=rng.choice((1, 3, 4, None, None, None, None)),
        owner_user_id=rng.choice((1, *[None] * 6)),
        package_id=rng.choice(packages) if rng.random() < 0.3 else None,
        group_by=frozenset(str(name) for name in grouping),
    )
