"""Amounts are rounded once, half away from zero, to four decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from exports.rounding import displayed


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("0.00005"), "0.0001"),
        (Decimal("-0.00005"), "-0.0001"),
        (Decimal("0.000049999"), "0.0000"),
        (Decimal("-0.00004"), "0.0000"),
        (Decimal("2.50025"), "2.5003"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(-2, 3), "-0.6667"),
        (Decimal("123456789012345678901234.56785"), "123456789012345678901234.5679"),
        (Decimal("1234567890123456789012345678901234.56785"), "1234567890123456789012345678901234.5679"),
    ],
)
def test_half_is_rounded_away_from_zero(amount: Decimal | Fraction, shown: str):
    assert str(displayed(amount)) == shown


def test_an_inverse_rate_of_forty_decimals_does_not_move_a_half():
    third = Decimal("0." + "3" * 40)
    assert displayed(Decimal("0.00015") * third) == Decimal("0.0001")
