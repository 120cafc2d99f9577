"""The movements of one customer's life: fees, charges, refills, reversals, and what is done to them later."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from demo.operator.reference import UNITS_PER_EURO, Package, converted
from demo.operator.text_rows import (
    DAY,
    HOUR,
    SECOND,
    UNIT,
    Amount,
    Instant,
    add_months,
    day_of,
    local_midnight,
)

MONTH = 30 * DAY
CHARGES_PER_MONTH = 1.6
GATEWAYS = ("cardpay", "banklink", "walletgo")
DENOMINATIONS = (10, 10, 20, 25, 30, 30, 50, 75)


@dataclass(frozen=True)
class Life:
    """What decides a customer's movements. `leaves_at` is the history's end for one who stays."""

    created_at: Instant
    leaves_at: Instant
    deleted_at: Instant | None
    end: Instant
    currency: str
    time_zone: str
    company_id: int
    appetite: float


@dataclass(frozen=True)
class Holding:
    """A package held by the customer from activation until stopped."""

    id: int
    account_id: int | None
    package: Package
    activated_at: Instant
    stopped_at: Instant | None


class Movement(NamedTuple):
    """One transaction; without `confirmed_at` it does not count."""

    kind: str
    amount: Amount
    holding: Holding | None
    source: str | None
    gateway: str | None
    note: str | None
    created_at: Instant
    confirmed_at: Instant | None
    updated_at: Instant
    deleted_at: Instant | None


def movements(draw: random.Random, life: Life, holdings: list[Holding]) -> Iterator[Movement]:
    """All movements of a life, none at or after its end."""
    for holding in holdings:
        yield from _fees(draw, life, holding)
    month = life.created_at
    while month < life.leaves_at:
        length = min(MONTH, life.leaves_at - month)
        yield from _month(draw, life, holdings, month, length)
        month += MONTH


def _fees(draw: random.Random, life: Life, holding: Holding) -> Iterator[Movement]:
    package = holding.package
    began = holding.activated_at
    fee = converted(package.subscription_fee, package.currency, life.currency)
    activation = converted(package.activation_fee, package.currency, life.currency)
    yield _settled(draw, life, "activation_fee", -activation, began, holding)
    yield _settled(draw, life, "subscription_fee", -fee, began, holding)
    if draw.random() < 0.01 and began + DAY < life.end:
        yield _settled(draw, life, "activation_fee", activation, began + DAY, holding, note="rolled back")
    first_day = day_of(began)
    last = holding.stopped_at or life.end
    months = package.period_months
    while True:
        renewed_at = local_midnight(add_months(first_day, months), life.time_zone)
        if renewed_at >= last:
            return
        yield _settled(draw, life, "subscription_fee", -fee, renewed_at, holding)
        months += package.period_months


def _month(
    draw: random.Random, life: Life, holdings: list[Holding], month: Instant, length: Instant
) -> Iterator[Movement]:
    chance = draw.random
    scale = UNITS_PER_EURO[life.currency]
    for _ in range(_how_many(chance(), CHARGES_PER_MONTH * life.appetite)):
        when = month + int(chance() * length)
        price = 0 if chance() < 0.01 else int(chance() * chance() * 12 * scale * UNIT)
        holding = holdings[0] if holdings and chance() < 0.15 else None
        if holding is not None and not holding.activated_at <= when < (holding.stopped_at or life.end):
            holding = None
        yield _settled(draw, life, "service_charge", -price, when, holding)
    if chance() < 0.85 * min(1.0, life.appetite + 0.1):
        when = month + int(chance() * length)
        refill = _refill(draw, life, scale, when)
        yield refill
        if chance() < 0.012 and when + 2 * DAY < life.leaves_at:
            reversed_at = when + HOUR + int(chance() * DAY)
            yield _settled(
                draw,
                life,
                "payment",
                -refill.amount,
                reversed_at,
                None,
                refill.source,
                refill.gateway,
                "reversal",
            )
    if chance() < 0.015:
        amount = int((chance() - 0.7) * 10 * scale) * UNIT
        when = month + int(chance() * length)
        yield _settled(draw, life, "extra_charge", amount, when, None, "manual", None, "adjustment")


def _how_many(chance: float, mean: float) -> int:
    """A Poisson count, by walking the distribution."""
    count, part = 0, math.exp(-mean)
    while chance > part and count < 40:
        chance -= part
        count += 1
        part *= mean / count
    return count


def _refill(draw: random.Random, life: Life, scale: float, when: Instant) -> Movement:
    amount = round(DENOMINATIONS[int(draw.random() * len(DENOMINATIONS))] * scale) * UNIT
    chance = draw.random()
    if chance < 0.6:
        gateway = GATEWAYS[int(draw.random() * len(GATEWAYS))]
        return _settled(draw, life, "payment", amount, when, None, "gateway", gateway)
    source = "manual" if chance < 0.8 else "voucher" if chance < 0.92 else "api"
    if source != "manual":
        return _settled(draw, life, "payment", amount, when, None, source)
    # a clerk books a transfer days after it was announced
    confirmed_at = when + int(draw.random() * 12 * DAY)
    if confirmed_at >= life.end:
        return Movement("payment", amount, None, source, None, None, when, None, when, None)
    return Movement("payment", amount, None, source, None, None, when, confirmed_at, confirmed_at, None)


def _settled(
    draw: random.Random,
    life: Life,
    kind: str,
    amount: Amount,
    when: Instant,
    holding: Holding | None,
    source: str | None = None,
    gateway: str | None = None,
    note: str | None = None,
) -> Movement:
    """A movement as most are, confirmed when made; one in thirty has a fate of its own."""
    fate = draw.random()
    if fate >= 0.034:
        return Movement(kind, amount, holding, source, gateway, note, when, when, when, None)
    later = min(when + int(draw.random() * 45 * DAY) + SECOND, life.end - 1)
    if fate < 0.010:
        return Movement(kind, amount, holding, source, gateway, note, when, None, when, None)
    if fate < 0.016:
        return Movement(kind, amount, holding, source, gateway, note, when, when, later, later)
    if fate < 0.028 and kind == "service_charge":
        cheaper = amount * 9 // 10
        return Movement(kind, cheaper, holding, source, gateway, "rerated", when, when, later, None)
    # told late by another system: confirmed as of then, seen only now
    return Movement(kind, amount, holding, source, gateway, note, when, when, later, None)
