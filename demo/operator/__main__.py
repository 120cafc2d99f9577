"""`python -m demo.operator`: make the operator in databases of one's own."""

import sys
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

import typer

from demo.errors import DemoError
from demo.operator.create import Made, create


@dataclass(frozen=True)
class _Urls:
    billing_url: str | None = field(repr=False)
    platform_url: str | None = field(repr=False)
    middleware_url: str | None = field(repr=False)


def make(
    customers: Annotated[int, typer.Option(help="How many customers.")] = 2000,
    months: Annotated[int, typer.Option(help="How many months of history.")] = 14,
    seed: Annotated[int, typer.Option(help="Another seed, another operator.")] = 1,
    subscribers: Annotated[int, typer.Option(help="How many subscribers of the platform.")] = 40,
    ending: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD; yesterday unless given.")] = None,
    billing_url: Annotated[str | None, typer.Option(help="postgresql:// or mysql:// URL.")] = None,
    platform_url: Annotated[str | None, typer.Option(help="postgresql:// or mysql:// URL.")] = None,
    middleware_url: Annotated[str | None, typer.Option(help="mongodb:// URL with database.")] = None,
) -> None:
    """Make a made-up operator; a source without URL is left out."""
    try:
        last_day = date.fromisoformat(ending) if ending else None
    except ValueError:
        print(f"--ending {ending}: not a date YYYY-MM-DD", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        made = create(
            _Urls(billing_url, platform_url, middleware_url),
            customers=customers,
            months=months,
            seed=seed,
            subscribers=subscribers,
            ending=last_day,
            report_progress=lambda message: print(message, file=sys.stderr),
        )
    except DemoError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(summary(made))


def summary(made: Made) -> str:
    """What was made, one line per table."""
    recipe = made.recipe
    head = f"{recipe.first_day} to {recipe.ending}, seed {recipe.seed}"
    return "\n".join([head, *(f"{count:>12,}  {name}" for name, count in made.counts.items())])


if __name__ == "__main__":
    typer.run(make)
