"""How many decimals a currency has.

Source: ISO 4217, Table A.1 (current currency and funds codes), column "Minor unit"; what is not listed has 2.
"""

from __future__ import annotations

USUAL_DECIMALS = 2
OTHER_DECIMALS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def decimals_of(currency: str) -> int:
    """The decimals of amounts in that currency (its ISO 4217 code)."""
    return OTHER_DECIMALS.get(currency, USUAL_DECIMALS)
