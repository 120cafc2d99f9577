"""A billing source as the rulings read it: words and zones in one spelling, what lies ahead not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

Row = Mapping[str, Any]
Source = Mapping[str, Sequence[Row]]
KINDS = ("payment", "service_charge", "activation_fee", "subscription_fee", "extra_charge")
_ZONES = {name.lower(): name for name in available_timezones() if name != "Factory"}


def as_read(source: Source, data_through: datetime) -> dict[str, list[Row]]:
    """The tables with every word folded; a zone that there is not is None.

    Left out: transactions of an unknown kind, deletions of transactions that lie ahead, rates not above zero.
    """
    tables = {name: [_plain(row) for row in rows] for name, rows in source.items()}
    tables["transactions"] = [
        {**row, "deleted_at": _come(row["deleted_at"], data_through)}
        for row in tables["transactions"]
        if row["kind"] in KINDS
    ]
    tables["exchange_rates"] = [row for row in tables["exchange_rates"] if row["rate"] > 0]
    return tables


def _plain(row: Row) -> Row:
    plain = dict(row)
    for name in ("kind", "type"):
        if name in plain:
            plain[name] = plain[name].strip().lower()
    for name in ("currency", "base_currency"):
        if name in plain:
            plain[name] = plain[name].strip().upper()
    if "time_zone" in plain:
        plain["time_zone"] = _ZONES.get(plain["time_zone"].strip().lower())
    return plain


def _come(instant: datetime | None, data_through: datetime) -> datetime | None:
    return instant if instant is not None and instant <= data_through else None
