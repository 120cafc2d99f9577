"""`subdyn verify`: the warehouse against the sources, raw tables, and what was closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.exits import BadInput, Failed
from orchestration.cli.installation import Sources, console, open_installation
from orchestration.cli.terminal import write_line
from orchestration.settings import Settings

if TYPE_CHECKING:
    import psycopg

    from exports.verification.comparison import Comparison

Show = Callable[[str], None]
# What is compared, and how.
Step = tuple[str, Callable[[], "Comparison"]]


def verify(
    full: Annotated[
        bool, typer.Option("--full", help="Recompute everything from raw tables, not one night's part.")
    ] = False,
    anchors: Annotated[
        Path | None,
        typer.Option(
            "--anchors", metavar="FILE", help="Compare with the anchors of closed months in FILE, too."
        ),
    ] = None,
) -> None:
    """Compare the warehouse with the sources, raw tables, and what was closed.

    Tells each finding on a line of stdout (what, where, value, reason) and ends with 1 if there is one.
    """
    if anchors is not None and not anchors.is_file():
        raise BadInput(f"--anchors: there is no file {anchors}")
    found, first = 0, ""
    with open_installation(Sources.READ) as settings, console.status("") as status:
        for comparison in _comparisons(settings, full, anchors, status.update):
            _tell(comparison)
            if comparison.findings and not found:
                first = f"{comparison.name}: {comparison.findings[0]}"
            found += comparison.found
    if found:
        raise Failed(f"{found:,} {'finding' if found == 1 else 'findings'}, the first: {first}")


def _tell(comparison: Comparison) -> None:
    if comparison.found:
        verdict = f"[red]{comparison.found:>6,} off[/]"
    else:
        verdict = "[yellow]   skipped[/]" if comparison.skipped else "[green]    agrees[/]"
    extent = comparison.skipped or (comparison.extent if comparison.checked else "")
    console.print(f"{verdict}  {comparison.name}{': ' if extent else ''}{extent}", soft_wrap=True)
    for finding in comparison.findings:
        write_line(f"{comparison.name}: {finding}")
    if comparison.found > len(comparison.findings):
        write_line(f"{comparison.name}: and {comparison.found - len(comparison.findings):,} more")


def _comparisons(settings: Settings, full: bool, anchors: Path | None, show: Show) -> Iterator[Comparison]:
    """Each comparison as it is done; what cannot be compared is a finding, and the next goes on."""
    import psycopg

    from exports.errors import ReportError
    from exports.verification.comparison import Comparison, missing_relation

    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        for name, compare in _steps(connection, settings, full, anchors, show):
            show(name)
            try:
                done = compare()
            except (psycopg.Error, ReportError) as error:
                if isinstance(error, psycopg.OperationalError):
                    raise
                done, missing = Comparison(name, ""), missing_relation(error)
                if missing is None:
                    done.add(" ".join(str(error).split()), None, "it could not be compared")
                else:
                    done.add(
                        missing, None, "was never made: run: subdyn run nightly, and mend what that names"
                    )
            yield done


def _steps(
    connection: psycopg.Connection[Any], settings: Settings, full: bool, anchors: Path | None, show: Show
) -> Iterator[Step]:
    from exports.verification.anchors import FILE_NAME, NAME, compare_with_anchors
    from exports.verification.closed_months import CHECKS, GUARDS, run_check, verify_guards
    from exports.verification.recomputation import company_months, customers, subscriber_months
    from exports.verification.recomputation.company_months import recompute_company_months
    from exports.verification.recomputation.customers import recompute_customers
    from exports.verification.recomputation.subscriber_months import recompute_subscriber_months
    from orchestration import reconciliation
    from orchestration.assets.raw import SPECIFICATIONS
    from orchestration.checks import subscriber_choices
    from orchestration.migrate import read_migrations

    through = reconciliation.data_through(connection, settings.sources)
    if not through:
        raise Failed("the warehouse holds nothing yet: run: subdyn run nightly")
    night = None if full else max(through.values(), default=datetime.now(UTC))

    def progress(name: str, done: int) -> None:
        show(f"{name}: {done:,}")

    for source in settings.sources:
        tables = SPECIFICATIONS[source]
        yield (
            f"loads of {source}",
            lambda s=source, t=tables: reconciliation.loaded_tables(connection, s, t),
        )
        if source in through:
            yield (
                f"rows of {source} against the source",
                lambda s=source, t=tables: reconciliation.row_counts(
                    connection, s, t, settings.source_url(s), through[s], settings.waits
                ),
            )
    if "billing" in through:
        yield (
            "balances against the source",
            lambda: reconciliation.live_balances(connection, through["billing"]),
        )
        yield "movements: raw against the ledger", lambda: reconciliation.conservation(connection)
        yield customers.NAME, lambda: recompute_customers(connection, night, progress)
        yield company_months.NAME, lambda: recompute_company_months(connection, night, progress)
    if "platform" in through:
        yield (
            subscriber_months.NAME,
            lambda: recompute_subscriber_months(connection, night, subscriber_choices(), progress),
        )
    if "platform" in settings.sources:
        migrations = [migration.text for migration in read_migrations()]
        yield GUARDS, lambda: verify_guards(connection, migrations)
        for check in CHECKS:
            yield check.name, lambda c=check: run_check(connection, c)
        others = [anchors] if anchors else []
        yield NAME, lambda: compare_with_anchors(connection, settings.home / FILE_NAME, others)
