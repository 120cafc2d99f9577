"""The customer side at full size, each figure beside its limit.

`python -m benchmarks.customer_dynamics [--customers N] [--keep FOLDER] [--only PART]... [--rebuild]`

Parts: build, hourly, report, demo. Makes an operator of N customers and one of a quarter of them, both over
24 months. With `--keep` the folder holds both for the next run, which then measures what changes and tells
what the build took when it was made (`--rebuild` builds again). The clock says little on a busy machine: the
processors' seconds are printed beside it.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.customer_installation import (
    Installation,
    Spent,
    command,
    first_build,
    open_installation,
    remove_installation,
)
from benchmarks.customer_questions import ask, lower_bound, questions

CHANGED = 1000
PARTS = ("build", "hourly", "report", "demo")
BUILD_LIMIT, HOURLY_LIMIT, DEMO_LIMIT = 240.0, 25.0, 180.0
GROWTH_LIMIT = 1.30  # hourly at N customers against hourly at a quarter of them


@dataclass(frozen=True)
class Line:
    """A figure: what it took, its limit in seconds, and what it is a multiple of."""

    what: str
    spent: Spent
    limit: float | None = None
    ratio: float | None = None
    ratio_to: str = ""
    ratio_limit: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether a limit was not kept."""
        over = self.limit is not None and self.spent.seconds > self.limit
        grown = self.ratio is not None and self.ratio_limit is not None and self.ratio > self.ratio_limit
        return over or grown

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"{self.limit:g}"
        ratio = "" if self.ratio is None else f"x {self.ratio:.2f} {self.ratio_to}"
        bound = "" if self.ratio_limit is None else f" (at most {self.ratio_limit:g})"
        known = self.limit is not None or self.ratio_limit is not None
        verdict = ("MISSED" if self.is_missed else "ok") if known else ""
        seconds = f"{self.spent.seconds:8.2f} {self.spent.processor_seconds:8.2f}"
        return f"{self.what:<50} {seconds} {limit:>6}  {verdict:<6}  {ratio}{bound}"


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a limit was missed."""
    asked = _parser().parse_args(arguments)
    folder = Path(asked.keep or tempfile.mkdtemp(prefix="subdyn-bench-"))
    parts = asked.only or PARTS
    lines: list[Line] = []
    print(f"{'':<50} {'seconds':>8} {'of CPU':>8} {'limit':>6}          load {os.getloadavg()[0]:.1f}")
    try:
        for line in _measure(folder, asked.customers, parts, asked.rebuild):
            lines.append(line)
            print(line, flush=True)
    finally:
        if asked.keep is None:
            remove_installation(folder)
    missed = sum(line.is_missed for line in lines)
    print(f"\n{missed} of {sum(line.limit is not None for line in lines)} limits missed")
    return 1 if missed else 0


def _measure(folder: Path, customers: int, parts: Sequence[str], rebuild: bool) -> Iterator[Line]:
    if "demo" in parts:
        yield _demo(folder / "demo")
    smaller: Spent | None = None
    if "hourly" in parts:
        with open_installation(folder / f"customers-{customers // 4}", customers // 4) as installation:
            first_build(installation, rebuild)
            smaller = _hourly(installation)
            yield Line(f"hourly, {CHANGED} of {customers // 4:,} customers changed", smaller, HOURLY_LIMIT)
    if not set(parts) & {"build", "hourly", "report"}:
        return
    with open_installation(folder / f"customers-{customers}", customers) as installation:
        built = first_build(installation, rebuild)
        if "build" in parts:
            yield from _build_lines(built, customers)
        if smaller is not None:
            changed = _hourly(installation)
            ratio = changed.seconds / smaller.seconds
            what = f"hourly, {CHANGED} of {customers:,} customers changed"
            yield Line(what, changed, HOURLY_LIMIT, ratio, "of a quarter of the customers", GROWTH_LIMIT)
            idle = installation.subdyn("run", "hourly")
            yield Line("hourly, nothing changed", idle, HOURLY_LIMIT, idle.seconds / changed.seconds, "of it")
        if "report" in parts:
            yield from _reports(installation)


def _build_lines(built: dict[str, Spent], customers: int) -> Iterator[Line]:
    floor = built["copy of the movements"].seconds
    for what, spent in built.items():
        is_build = what == "build from nothing"
        ratio, ratio_to = (spent.seconds / floor, "of the copy") if is_build else (None, "")
        yield Line(
            f"{what}, {customers:,} customers", spent, BUILD_LIMIT if is_build else None, ratio, ratio_to
        )


def _hourly(installation: Installation) -> Spent:
    # what other measurements left behind is not this one's
    installation.subdyn("run", "hourly")
    installation.change(CHANGED)
    return installation.subdyn("run", "hourly")


def _reports(installation: Installation) -> Iterator[Line]:
    with psycopg.connect(installation.settings.warehouse(), autocommit=True) as connection:
        for what, (limit, question) in questions(connection).items():
            floor = _typical(installation, partial(lower_bound, connection, question))
            spent = _typical(installation, partial(ask, connection, question))
            ratio = spent.seconds / floor.seconds
            yield Line(what, spent, limit, ratio, "of count and sum of the same movements")


def _typical(installation: Installation, work: Callable[[], object]) -> Spent:
    runs = [installation.timed(work) for _ in range(3)]
    return Spent(median(run.seconds for run in runs), median(run.processor_seconds for run in runs))


def _demo(folder: Path) -> Line:
    remove_installation(folder)
    return Line("subdyn demo", command(folder, "demo"), DEMO_LIMIT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.customer_dynamics")
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--keep", metavar="FOLDER", help="use the data in this folder, and leave it there")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part, may be repeated")
    parser.add_argument(
        "--rebuild", action="store_true", help="extract and build again what the folder holds"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
