"""`subdyn verify`: the warehouse against the sources, and against itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestration.cli.exits import Failed
from orchestration.cli.house import Sources, console, open_house
from orchestration.cli.terminal import write_line
from orchestration.settings import Settings


def verify() -> None:
    """Compare balances and row counts with the sources, the ledger with what was extracted, and closed months
    with what they were when they were closed.

    Tells every difference on stdout and ends with 1 if there is one.
    """
    with open_house(Sources.READ) as settings:
        found = 0
        for name, findings in _comparisons(settings):
            with console.status(name):
                told = list(findings)
            found += len(told)
            console.print(f"[red]{len(told):>6} off[/]  {name}" if told else f"[green]agrees[/]      {name}")
            for finding in told:
                write_line(f"{name}: {finding}")
    if found:
        raise Failed(f"{found} differences found")


def _comparisons(settings: Settings) -> Iterator[tuple[str, Iterable[object]]]:
    """Each comparison's name and, when asked, what is off."""
    import psycopg

    from orchestration.assets.raw import SPECIFICATIONS
    from orchestration.reconciliation import findings

    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        through = findings.data_through(connection, settings.sources)
        if not through:
            raise Failed("the warehouse holds nothing yet: run subdyn run hourly")
        for source in settings.sources:
            for table in SPECIFICATIONS[source]:
                counted = findings.count_comparison(
                    connection, table, settings.source_url(source), through[source], settings.waits
                )
                yield f"rows of {counted.table}", [] if counted.agrees else [counted]
        if "billing" in settings.sources:
            differences = findings.balance_differences(connection, through["billing"])
            settled = [difference for difference in differences if not difference.is_unsettled]
            yield "balances against the source", settled
            yield "movements: raw against the ledger", findings.conservation_breaks(connection)
        if "platform" in settings.sources:
            from exports.verification.closed_months import verify_closed_months

            yield from verify_closed_months(connection)
