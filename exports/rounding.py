"""The one place where amounts are rounded for display."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

DECIMALS = 4
# Inverse and crossed rates carry 40 decimals: beyond this place a figure is the rate's rounding, not the
# amount.
TRUSTED_DECIMALS = 20


def displayed(amount: Decimal | Fraction) -> Decimal:
    """The amount with 4 decimals, rounded half away from zero; never a negative zero."""
    return Decimal(
        _rounded(Fraction(_rounded(Fraction(amount), TRUSTED_DECIMALS), 10**TRUSTED_DECIMALS), DECIMALS)
    ).scaleb(-DECIMALS)


def _rounded(amount: Fraction, decimals: int) -> int:
    """The amount in units of the last decimal, half away from zero."""
    magnitude = abs(amount) * 10**decimals
    whole = (2 * magnitude.numerator + magnitude.denominator) // (2 * magnitude.denominator)
    return whole if amount >= 0 else -whole
