"""What a run finds out about each of its sources: whether it may be loaded, asked once and remembered.

A source that refuses the login or is not there is told by the first of its tables; the others then fail at
once, with a word that leads there. One that answered and went away is given time to come back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg

from extract.errors import RetryLater, Unreachable
from orchestration import failures
from orchestration.failures import REPORTED_BY, SOURCE


@dataclass
class _Source:
    """What is known of one source; `told_by` is the table that said why it cannot be loaded."""

    is_open: bool = False
    has_answered: bool = False
    reported_by: str | None = None


@dataclass
class SourceAvailability:
    """The sources of one run at a time, by name."""

    _run_id: str = ""
    _sources: dict[str, _Source] = field(default_factory=dict)

    def require(
        self,
        run_id: str,
        source: str,
        table: str,
        connect: Callable[[], None],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Have `connect` succeed, once per run and source; dg.Failure without retries where it does not.

        What waiting may mend is waited for here, for all tables of the source; a source where nobody listens
        is tried once, unless it has answered this run before. `tell` gets a line for each wait.
        """
        known = self._of(run_id, source)
        if known.reported_by is not None:
            raise dg.Failure(
                f"the {source} database cannot be loaded, see {known.reported_by}",
                metadata={SOURCE: source, REPORTED_BY: known.reported_by},
                allow_retries=False,
            )
        if known.is_open:
            return
        try:
            _connect_patiently(connect, tell, has_answered=known.has_answered)
        except Exception as error:
            known.reported_by = table
            raise dg.Failure(str(error), metadata={SOURCE: source}, allow_retries=False) from error
        known.is_open = known.has_answered = True

    def doubt(self, run_id: str, source: str) -> None:
        """Have the next table, or the next attempt, connect again: a load broke off."""
        self._of(run_id, source).is_open = False

    def _of(self, run_id: str, source: str) -> _Source:
        if run_id != self._run_id:
            self._run_id, self._sources = run_id, {}
        return self._sources.setdefault(source, _Source())


def _connect_patiently(
    connect: Callable[[], None], tell: Callable[[str], None], *, has_answered: bool
) -> None:
    for attempt in range(1, failures.RETRIES.max_retries + 1):
        try:
            return connect()
        except RetryLater as error:
            if isinstance(error, Unreachable) and not has_answered:
                raise
            pause = failures.RETRIES.calculate_delay(attempt)
            tell(f"{error}; tried again in {pause:.0f} s")
            time.sleep(pause)
    return connect()
