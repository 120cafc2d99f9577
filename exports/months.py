"""Months, quarters and ISO weeks as people write and read them; inside, each is the date of its first day."""

from __future__ import annotations

import re
from datetime import date

from dateutil.relativedelta import relativedelta

from exports.errors import InvalidParameter

ABBREVIATIONS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_month(text: str, parameter: str = "month") -> date:
    """The first day of a month written YYYY-MM; raises InvalidParameter."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text.strip(), re.ASCII)
    if match is None or match[1] == "0000":
        raise InvalidParameter(parameter, f"{parameter} {text!r} is not a month such as 2008-01")
    return date(int(match[1]), int(match[2]), 1)


def month_label(month: date) -> str:
    """The month as grids show it: Jan 2008."""
    return f"{ABBREVIATIONS[month.month - 1]} {month.year:04}"


def parse_month_label(text: str) -> date:
    """The first day of a month written as `month_label` writes it; ValueError otherwise."""
    name, _, year = text.partition(" ")
    return date(int(year), ABBREVIATIONS.index(name) + 1, 1)


def last_day(month: date) -> date:
    """The last day of the month that begins on that day."""
    return month + relativedelta(day=31)


def quarter_label(quarter: date) -> str:
    """The quarter that begins on that day: 2026-Q1."""
    return f"{quarter.year:04}-Q{(quarter.month + 2) // 3}"


def parse_quarter_label(text: str) -> date:
    """The first day of a quarter written as `quarter_label` writes it; ValueError otherwise."""
    year, _, number = text.partition("-Q")
    return date(int(year), int(number) * 3 - 2, 1)


def week_label(monday: date) -> str:
    """The ISO week that begins on that Monday: 2026-W05. Its year is the one that holds its Thursday."""
    year, number, _ = monday.isocalendar()
    return f"{year:04}-W{number:02}"


def parse_week_label(text: str) -> date:
    """The Monday of a week written as `week_label` writes it; ValueError otherwise."""
    year, _, number = text.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)
