"""What decides a made-up operator: the same recipe gives the same rows."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from demo.errors import DemoError
from demo.operator.text_rows import DAY, Instant, add_months, instant

MARK = "made up by subscriber-dynamics"


@dataclass(frozen=True)
class Recipe:
    """Size, length, seed and last day of a made-up operator's history."""

    customers: int = 2000
    months: int = 14
    seed: int = 1
    ending: date = date(2026, 1, 1)
    subscribers: int = 40

    def __post_init__(self) -> None:
        if self.customers < 1 or self.subscribers < 1:
            raise DemoError("a made-up operator needs at least one customer and one subscriber")
        if not 1 <= self.months <= 240:
            raise DemoError(f"a made-up operator's history has 1 to 240 months, not {self.months}")

    @property
    def first_day(self) -> date:
        """The first day of the history."""
        return add_months(self.ending + timedelta(days=1), -self.months)

    @property
    def start(self) -> Instant:
        """The first instant of the history."""
        return instant(self.first_day)

    @property
    def end(self) -> Instant:
        """The first instant after the history; every row lies before it."""
        return instant(self.ending) + DAY

    def as_comment(self) -> str:
        """The recipe as the comment that marks a made-up database."""
        return (
            f"{MARK}: customers={self.customers} months={self.months} seed={self.seed}"
            f" ending={self.ending.isoformat()} subscribers={self.subscribers}"
        )

    @classmethod
    def from_comment(cls, comment: str) -> "Recipe | None":
        """The recipe a comment tells, or None where the comment tells none (or an unfinished one)."""
        if not comment.startswith(f"{MARK}: "):
            return None
        values = dict(re.findall(r"(\w+)=(\S+)", comment))
        try:
            return cls(
                customers=int(values["customers"]),
                months=int(values["months"]),
                seed=int(values["seed"]),
                ending=date.fromisoformat(values["ending"]),
                subscribers=int(values["subscribers"]),
            )
        except (KeyError, ValueError):
            return None
