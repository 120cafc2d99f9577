"""A second day: some customers of a made-up operator change, as customers do between two loads.

Each chosen customer is charged again. In turn, one in four has nothing else, one a charge rerated, one an
old charge deleted softly, one deleted outright. Live balances follow; `updated_at` of every touched row lies
after the given instant, row by row a millisecond later. The same instant and seed give the same changes.
"""

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import psycopg

from demo.errors import DemoError
from demo.operator.stores import existing_recipe, is_mysql, mysql_connection

CENT = Decimal("0.01")


@dataclass
class Changes:
    """What was changed: ids of customers and transactions, and the last `updated_at` given."""

    customers: list[int] = field(default_factory=list[int])
    charged: list[int] = field(default_factory=list[int])
    rerated: list[int] = field(default_factory=list[int])
    soft_deleted: list[int] = field(default_factory=list[int])
    hard_deleted: list[int] = field(default_factory=list[int])
    last_updated_at: datetime | None = None


class _Cursor(Protocol):
    """What the DB-API cursors of both engines share; parameters are written %s."""

    def execute(self, query: Any, params: Sequence[Any] = ..., /) -> Any: ...
    def executemany(self, query: Any, params: Sequence[Sequence[Any]], /) -> Any: ...
    def fetchall(self) -> Sequence[Sequence[Any]]: ...


def change_customers(billing_url: str, *, customers: int, after: datetime, seed: int = 1) -> Changes:
    """Change that many customers of the made-up operator at the URL (all, where it has fewer); what changed.

    `after` is an aware datetime. Raises DemoError where the database holds no made-up operator.
    """
    if after.tzinfo is None:
        raise DemoError("the instant after which customers change needs a time zone")
    if existing_recipe("billing", billing_url) is None:
        raise DemoError("the billing database holds no made-up operator: make one first")
    changes = Changes()
    moment = _Moments(after)
    with _cursor(billing_url) as cursor:
        chosen = _chosen_customers(cursor, customers, random.Random(f"{seed} changes {after.isoformat()}"))
        movements = _movements(cursor, [customer_id for customer_id, *_ in chosen])
        next_id = _one(cursor, "select coalesce(max(id), 0) from transactions") + 1
        charges: list[tuple[Any, ...]] = []
        rerated: list[tuple[Any, ...]] = []
        soft_deleted: list[tuple[Any, ...]] = []
        balances: list[tuple[Any, ...]] = []
        for place, (customer_id, currency, balance) in enumerate(chosen):
            charge = -CENT * (100 + (customer_id * 37 + place) % 900)
            at = moment.next()
            charges.append((next_id, customer_id, charge, currency, at, at, at))
            changes.charged.append(next_id)
            next_id += 1
            delta = charge
            transaction = movements.get(customer_id)
            if transaction is not None and place % 4:
                transaction_id, amount = transaction
                if place % 4 == 1:
                    rerated.append((amount - CENT, moment.next(), transaction_id))
                    changes.rerated.append(transaction_id)
                    delta -= CENT
                elif place % 4 == 2:
                    at = moment.next()
                    soft_deleted.append((at, at, transaction_id))
                    changes.soft_deleted.append(transaction_id)
                    delta -= amount
                else:
                    changes.hard_deleted.append(transaction_id)
                    delta -= amount
            balances.append((balance + delta, moment.next(), customer_id))
            changes.customers.append(customer_id)
        _write(cursor, charges, rerated, soft_deleted, changes.hard_deleted, balances)
    changes.last_updated_at = moment.last
    return changes


class _Moments:
    """Instants after a given one, a millisecond apart."""

    def __init__(self, after: datetime) -> None:
        self.last = after.astimezone(UTC)

    def next(self) -> datetime:
        self.last += timedelta(milliseconds=1)
        return self.last


def _chosen_customers(cursor: _Cursor, customers: int, draw: random.Random) -> list[tuple[int, str, Decimal]]:
    cursor.execute("select id from customers where deleted_at is null order by id")
    ids = [row[0] for row in cursor.fetchall()]
    wanted = sorted(draw.sample(ids, min(customers, len(ids))))
    found: list[tuple[int, str, Decimal]] = []
    for part in _parts(wanted):
        cursor.execute(
            "select id, currency, balance from customers"  # noqa: S608
            f" where id in ({_marks(part)}) order by id",
            part,
        )
        found += [(row[0], row[1], row[2]) for row in cursor.fetchall()]
    return found


def _movements(cursor: _Cursor, customer_ids: list[int]) -> dict[int, tuple[int, Decimal]]:
    """One old service charge that counts, id and amount, by customer."""
    found: dict[int, tuple[int, Decimal]] = {}
    for part in _parts(customer_ids):
        cursor.execute(
            "select customer_id, id, amount from transactions"  # noqa: S608
            " where kind = 'service_charge' and confirmed_at is not null and deleted_at is null"
            f" and customer_id in ({_marks(part)}) order by id desc",
            part,
        )
        found |= {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    return found


def _write(
    cursor: _Cursor,
    charges: list[tuple[Any, ...]],
    rerated: list[tuple[Any, ...]],
    soft_deleted: list[tuple[Any, ...]],
    hard_deleted: list[int],
    balances: list[tuple[Any, ...]],
) -> None:
    cursor.executemany(
        "insert into transactions"
        " (id, customer_id, kind, amount, currency, created_at, confirmed_at, updated_at)"
        " values (%s, %s, 'service_charge', %s, %s, %s, %s, %s)",
        charges,
    )
    cursor.executemany("update transactions set amount = %s, updated_at = %s where id = %s", rerated)
    cursor.executemany("update transactions set deleted_at = %s, updated_at = %s where id = %s", soft_deleted)
    cursor.executemany(
        "delete from transactions where id = %s", [(transaction_id,) for transaction_id in hard_deleted]
    )
    cursor.executemany("update customers set balance = %s, updated_at = %s where id = %s", balances)


@contextmanager
def _cursor(url: str) -> Generator[_Cursor]:
    """A cursor in one transaction of either engine, its session in UTC."""
    if is_mysql(url):
        with closing(mysql_connection(url)) as connection, connection.cursor() as cursor:
            cursor.execute("set time_zone = '+00:00'")
            yield cursor
            connection.commit()
    else:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            yield cursor


def _one(cursor: _Cursor, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchall()[0][0]


def _parts(ids: list[int], size: int = 1000) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _marks(values: Sequence[int]) -> str:
    return ", ".join(["%s"] * len(values))
