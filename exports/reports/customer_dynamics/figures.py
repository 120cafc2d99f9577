"""From sums to the cells of a row: averages from unrounded totals, every figure rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from exports.errors import MissingRate
from exports.result import Cell
from exports.rounding import displayed

Sums = Mapping[str, Any]

MOVEMENT_SUMS = ("refills", "refilled", "used", "activations", "activated", "renewals", "renewed")
BLOCK_NAMES = ("active", "overall", "all")
CLIENT_SUMS = tuple(
    f"{block}_{figure}" for block in BLOCK_NAMES for figure in ("qty", "positive", "negative")
)
NO_RATES_MISSING = {"missing_rate_dates": None, "missing_rate_currencies": None}
NO_MOVEMENTS: Sums = {**dict.fromkeys(MOVEMENT_SUMS, Decimal(0)), **NO_RATES_MISSING}
NO_CLIENTS: Sums = {**dict.fromkeys(CLIENT_SUMS, Decimal(0)), **NO_RATES_MISSING}


def row_cells(clients: Sums, movements: Sums, with_refills: bool) -> tuple[Cell, ...]:
    """Every measure in the columns' order; refills and Pay as you Go are empty unless with_refills."""
    cells: list[Cell] = []
    for block in BLOCK_NAMES:
        positive, negative = Fraction(clients[f"{block}_positive"]), Fraction(clients[f"{block}_negative"])
        cells += [
            int(clients[f"{block}_qty"]),
            displayed(positive),
            displayed(negative),
            displayed(positive + negative),
        ]
    if with_refills:
        refilled, used = Fraction(movements["refilled"]), Fraction(movements["used"])
        refills, active = int(movements["refills"]), int(clients["active_qty"])
        cells += [
            refills,
            displayed(refilled),
            displayed(refilled / refills) if refills else None,
            displayed(used),
            displayed(used / active) if active else None,
        ]
    else:
        cells += [None] * 5
    cells += [
        int(movements["activations"]),
        displayed(movements["activated"]),
        int(movements["renewals"]),
        displayed(movements["renewed"]),
    ]
    return tuple(cells)


def refuse_missing_rates(sums: Iterable[Sums], to_currency: str) -> None:
    """Raises MissingRate, naming the earliest, if any of the sums lacks a rate."""
    missing: set[tuple[date, str]] = set()
    for row in sums:
        dates, currencies = row["missing_rate_dates"] or (), row["missing_rate_currencies"] or ()
        missing.update(zip(dates, currencies, strict=True))
    if missing:
        on_date, currency = min(missing)
        raise MissingRate(currency, to_currency, on_date, others=len(missing) - 1)
