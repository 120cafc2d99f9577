"""The one place where amounts are rounded for display."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

DECIMALS = 4
_SHOWN = Decimal(1).scaleb(-DECIMALS)
# Inverse and crossed rates carry 40 decimals: beyond this place a figure is the rate's rounding, not the
# amount.
_TRUSTED = Decimal(1).scaleb(-20)
# digits enough that a quotient of amounts and counts is never cut into a tie that it is not
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)


def displayed(amount: Decimal | Fraction) -> Decimal:
    """The amount with 4 decimals, rounded half away from zero; never a negative zero."""
    if isinstance(amount, Fraction):
        amount = _CONTEXT.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    return _CONTEXT.plus(_CONTEXT.quantize(_CONTEXT.quantize(amount, _TRUSTED), _SHOWN))
