"""`subdyn demo`: a made-up operator, its past months closed, one nightly run, and the reports."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from orchestration.cli.exits import BadInput
from orchestration.cli.installation import Sources, console, open_installation
from orchestration.settings import SOURCES, Settings, load_settings


def demo(
    customers: Annotated[int, typer.Option(min=1, help="How many customers.")] = 2000,
    months: Annotated[int, typer.Option(min=1, max=240, help="How many months of history.")] = 14,
    seed: Annotated[int, typer.Option(help="Another seed, another operator.")] = 1,
) -> None:
    """Make an operator with history, close its past months, run the nightly job, and show the report."""
    _refuse_own_databases(load_settings())
    started = time.monotonic()
    with open_installation(Sources.MADE_UP_WHERE_UNSET) as settings:
        _make_operator(settings, customers, months, seed)
        from orchestration.cli.progress import watched_run

        if "platform" in settings.sources:
            watched_run(settings, "monthly_close", None)
        watched_run(settings, "nightly", None)
        from orchestration.cli.demo_report import show_reports

        show_reports(settings)
    console.print(
        f"\ndone in {time.monotonic() - started:.0f} s. Open the Dagster UI on the same data with"
        " [bold]make dev[/] (or [bold]subdyn up[/]): http://127.0.0.1:3000"
    )


def _refuse_own_databases(settings: Settings) -> None:
    own = [source for source in settings.sources if getattr(settings, f"{source}_url") is not None]
    if own:
        names = ", ".join(f"SUBDYN_{source.upper()}_URL" for source in own)
        raise BadInput(f"subdyn demo writes a made-up operator, never into databases of yours: unset {names}")


def _make_operator(settings: Settings, customers: int, months: int, seed: int) -> None:
    from demo.operator.create import create

    with console.status("making the operator") as status:
        made = create(
            _Urls(settings),
            customers=customers,
            months=months,
            seed=seed,
            keep=True,
            report_progress=lambda what: status.update(f"making the operator: {what}"),
        )
    if made.kept:
        console.print(f"[green]operator[/]: as it was made before, until {made.recipe.ending}")
        return
    rows = sum(made.counts.values())
    console.print(
        f"[green]operator[/]: {customers:,} customers, {months} months, seed {seed}:"
        f" {rows:,} rows and documents"
    )


class _Urls:
    """The URLs of the sources that are switched on."""

    def __init__(self, settings: Settings) -> None:
        urls = {name: settings.source_url(name) if name in settings.sources else None for name in SOURCES}
        self.billing_url = urls["billing"]
        self.platform_url = urls["platform"]
        self.middleware_url = urls["middleware"]
