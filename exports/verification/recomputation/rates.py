"""Exchange rates as extracted: which one counts for a pair of currencies on a date."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction


class Rates:
    """All rates above zero; built from rows of (base, currency, date, rate): 1 base = rate currency.

    Of a pair and date in two spellings the later row counts.
    """

    def __init__(self, rows: Iterable[tuple[str, str, date, Decimal]]) -> None:
        known: dict[tuple[str, str], dict[date, Decimal]] = defaultdict(dict)
        for base, currency, rate_date, rate in rows:
            if rate.is_finite() and rate > 0:
                known[base.strip().upper(), currency.strip().upper()][rate_date] = rate
        self._known = {pair: sorted(rates.items()) for pair, rates in known.items()}
        self._bases = sorted({base for base, _ in self._known})
        self._found: dict[tuple[str, str, date], Fraction | None] = {}

    def rate(self, source: str, target: str, on_date: date) -> Fraction | None:
        """What one unit of `source` is in `target` on a date; None where no rate is known by then.

        The freshest way counts; of equally fresh ones the direct, then the inverse, then the cross over the
        first base by name, which is as old as the older of its two.
        """
        asked = (source, target, on_date)
        if asked not in self._found:
            self._found[asked] = self._look_up(*asked)
        return self._found[asked]

    def _look_up(self, source: str, target: str, on_date: date) -> Fraction | None:
        if source == target:
            return Fraction(1)
        ways: list[tuple[date, Fraction]] = []
        if direct := self._latest(source, target, on_date):
            ways.append((direct[0], Fraction(direct[1])))
        if inverse := self._latest(target, source, on_date):
            ways.append((inverse[0], 1 / Fraction(inverse[1])))
        for base in self._bases:
            out_of, into = self._latest(base, source, on_date), self._latest(base, target, on_date)
            if out_of and into:
                ways.append((min(out_of[0], into[0]), Fraction(into[1]) / Fraction(out_of[1])))
        # of equally fresh ones `max` takes the first
        return max(ways, key=lambda way: way[0])[1] if ways else None

    def _latest(self, base: str, currency: str, on_date: date) -> tuple[date, Decimal] | None:
        rates = self._known.get((base, currency), [])
        position = bisect_right(rates, on_date, key=lambda rate: rate[0])
        return rates[position - 1] if position else None
