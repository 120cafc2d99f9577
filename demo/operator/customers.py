"""The operator's customers, one at a time with all that is theirs: tags, accounts, packages, movements.

Each customer draws from a generator of its own, so that a customer's life does not hang on the others', and
memory holds one batch. Movements follow from the life: fees on the days packages begin and renew (at local
midnight), charges and refills in between, and what is done to them later: confirmation, rerating, deletion.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from demo.operator import names
from demo.operator.movements import Holding, Life, Movement, movements
from demo.operator.recipe import Recipe
from demo.operator.reference import COMPANIES, Company, Reference
from demo.operator.text_rows import (
    DAY,
    HOUR,
    NULL,
    SECOND,
    Instant,
    add_months,
    day_of,
    line,
    local_midnight,
    money_text,
    text_or_null,
    time_text,
)

IDS_PER_CUSTOMER = 4
TAGS = ("VIP", "late payer", "partner", "trial", "wholesale", "Österreich", "ключевой")


@dataclass(frozen=True)
class AccountOfCustomer:
    """What the middleware needs to know of an account."""

    id: int
    customer_id: int
    company_id: int
    created_at: Instant
    last_at: Instant


@dataclass
class CustomerRows:
    """Lines of the customer tables, by table name, and the accounts behind them."""

    lines: dict[str, list[str]] = field(
        default_factory=lambda: {
            table: [] for table in ("customers", "customer_tags", "accounts", "subscriptions", "transactions")
        }
    )
    accounts: list[AccountOfCustomer] = field(default_factory=list[AccountOfCustomer])


def customer_batches(
    recipe: Recipe, reference: Reference, customers_per_batch: int
) -> Iterator[CustomerRows]:
    """All customers of the recipe, in batches, in order of id."""
    maker = _CustomerMaker(recipe, reference)
    for first in range(1, recipe.customers + 1, customers_per_batch):
        batch = CustomerRows()
        for customer_id in range(first, min(first + customers_per_batch, recipe.customers + 1)):
            maker.add(customer_id, batch)
        yield batch


class _CustomerMaker:
    def __init__(self, recipe: Recipe, reference: Reference) -> None:
        self._recipe = recipe
        self._reference = reference
        self._last_transaction_id = 0

    def add(self, customer_id: int, batch: CustomerRows) -> None:
        draw = random.Random(f"{self._recipe.seed} customer {customer_id}")
        company = _company(draw.random())
        life = self._life(draw, company)
        holdings = self._holdings(draw, customer_id, life)
        balance = 0
        moved_at = life.created_at
        transactions = batch.lines["transactions"]
        for movement in movements(draw, life, holdings):
            self._last_transaction_id += 1
            transactions.append(_transaction_line(self._last_transaction_id, customer_id, life, movement))
            moved_at = max(moved_at, movement.updated_at)
            if movement.confirmed_at is not None and movement.deleted_at is None:
                balance += movement.amount
        moved_at = max(moved_at, life.deleted_at or 0)
        batch.lines["customers"].append(self._customer_line(draw, customer_id, life, balance, moved_at))
        for tag in sorted(tag for tag in TAGS if draw.random() < 0.12):
            batch.lines["customer_tags"].append(line((customer_id, tag)))
        self._add_accounts(draw, customer_id, life, batch)
        for holding in holdings:
            batch.lines["subscriptions"].append(_subscription_line(customer_id, holding))

    def _life(self, draw: random.Random, company: Company) -> Life:
        """When the customer comes and goes: a quarter is there from the first days, then ever more come."""
        start, end = self._recipe.start, self._recipe.end
        chance = draw.random()
        if chance < 0.25:
            created_at = start + int(draw.random() * 20 * DAY)
        else:
            created_at = start + int((end - start) * draw.random() ** 0.75)
        created_at = min(created_at, end - HOUR)
        months = draw.expovariate(1 / 22)
        leaves_at = created_at + int(months * 30 * DAY) + 12 * HOUR
        deleted_at = None
        if leaves_at >= end:
            leaves_at = end
        elif draw.random() < 0.4:
            deleted_at = leaves_at + int(draw.random() * 20 * DAY)
            deleted_at = None if deleted_at >= end else deleted_at
        currency = company.currency if draw.random() < 0.9 else ("EUR", "USD", "GBP")[int(draw.random() * 3)]
        return Life(
            created_at=created_at,
            leaves_at=leaves_at,
            deleted_at=deleted_at,
            end=end,
            currency=currency,
            time_zone=company.time_zone,
            company_id=company.id,
            # some never use anything paid, some little, some a lot
            appetite=(0.0, 0.4, 1.0, 1.0, 1.0, 1.0, 1.0, 1.4, 2.0, 4.0)[int(draw.random() * 10)],
        )

    def _holdings(self, draw: random.Random, customer_id: int, life: Life) -> list[Holding]:
        """The packages a customer takes: none, one, two side by side, or one after another."""
        if life.appetite == 0.0:
            return []
        offered = self._reference.packages_of[life.company_id]
        chance = draw.random()
        wanted = 0 if chance < 0.15 else 1 if chance < 0.7 else 2
        holdings: list[Holding] = []
        begins = life.created_at + int(draw.random() * 3 * DAY)
        for place in range(1, wanted + 1):
            if begins >= life.leaves_at:
                break
            package = offered[int(draw.random() * draw.random() * len(offered))]
            stops: Instant | None = None if life.leaves_at == life.end else life.leaves_at
            if wanted == 2 and place == 1 and draw.random() < 0.7:
                change_day = add_months(day_of(begins), 1 + int(draw.random() * 6))
                changes_at = local_midnight(change_day, life.time_zone)
                if begins < changes_at < life.leaves_at:
                    stops = changes_at
            holdings.append(
                Holding(
                    id=customer_id * IDS_PER_CUSTOMER + place,
                    account_id=customer_id * IDS_PER_CUSTOMER if draw.random() < 0.9 else None,
                    package=package,
                    activated_at=begins,
                    stopped_at=stops,
                )
            )
            begins = stops if stops is not None else begins + int(draw.random() * 60 * DAY)
        return holdings

    def _customer_line(
        self, draw: random.Random, customer_id: int, life: Life, balance: int, moved_at: Instant
    ) -> str:
        chance = draw.random()
        kind = "client" if chance < 0.84 else "reseller" if chance < 0.9 else "calling_card"
        kind = "call_shop" if chance >= 0.96 else kind
        name = names.person(draw) if kind in {"client", "calling_card"} else names.business(draw)
        owners = self._reference.owners_of(life.company_id)
        owner = None if draw.random() < 0.1 else owners[int(draw.random() * len(owners))]
        return line(
            (
                customer_id,
                life.company_id,
                owner,
                name,
                kind,
                life.currency,
                money_text(balance),
                time_text(life.created_at),
                time_text(moved_at),
                time_text(life.deleted_at),
            )
        )

    def _add_accounts(self, draw: random.Random, customer_id: int, life: Life, batch: CustomerRows) -> None:
        how_many = (1, 1, 1, 2, 3)[int(draw.random() * 5)]
        for place in range(how_many):
            created_at = min(life.created_at + place * DAY + int(draw.random() * HOUR), life.end - SECOND)
            activated_at = min(created_at + int(draw.random() * HOUR), life.end - SECOND)
            activated_at = None if draw.random() < 0.04 else activated_at
            deactivated_at = None
            if activated_at is not None and life.leaves_at < life.end:
                deactivated_at = max(life.leaves_at, activated_at)
            elif activated_at is not None and draw.random() < 0.05:
                deactivated_at = activated_at + int((life.end - activated_at) * draw.random())
            deleted_at = None if life.deleted_at is None else max(life.deleted_at, created_at)
            moved_at = max(created_at, activated_at or 0, deactivated_at or 0, deleted_at or 0)
            is_active = activated_at is not None and deactivated_at is None
            account_id = customer_id * IDS_PER_CUSTOMER + place
            batch.lines["accounts"].append(
                line(
                    (
                        account_id,
                        customer_id,
                        f"u{account_id:07d}",
                        int(is_active),
                        time_text(activated_at),
                        time_text(deactivated_at),
                        time_text(created_at),
                        time_text(moved_at),
                        time_text(deleted_at),
                    )
                )
            )
            if activated_at is not None:
                batch.accounts.append(
                    AccountOfCustomer(
                        account_id, customer_id, life.company_id, activated_at, deactivated_at or life.end
                    )
                )


def _company(chance: float) -> Company:
    for company in COMPANIES:
        chance -= company.share
        if chance < 0:
            return company
    return COMPANIES[0]


def _transaction_line(transaction_id: int, customer_id: int, life: Life, movement: Movement) -> str:
    holding = movement.holding
    package = f"{holding.package.id}\t{holding.id}" if holding is not None else f"{NULL}\t{NULL}"
    return (
        f"{transaction_id}\t{customer_id}\t{movement.kind}\t{money_text(movement.amount)}\t{life.currency}\t{package}"
        f"\t{text_or_null(movement.source)}\t{text_or_null(movement.gateway)}\t{text_or_null(movement.note)}"
        f"\t{time_text(movement.created_at)}\t{time_text(movement.confirmed_at)}\t{time_text(movement.updated_at)}"
        f"\t{time_text(movement.deleted_at)}\n"
    )


def _subscription_line(customer_id: int, holding: Holding) -> str:
    return line(
        (
            holding.id,
            customer_id,
            holding.account_id,
            holding.package.id,
            time_text(holding.activated_at),
            time_text(holding.stopped_at),
            time_text(holding.activated_at),
            time_text(holding.stopped_at or holding.activated_at),
        )
    )
