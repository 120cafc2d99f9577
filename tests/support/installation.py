"""A whole installation for a test: an operator's databases, a migrated warehouse and a home folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import psycopg
from pydantic import SecretStr

from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.customer_dynamics.report import generate
from exports.result import GeneratedBy
from orchestration.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LAST_DAY = date(2026, 3, 31)
AS_OF = datetime(2026, 4, 1, 6, tzinfo=UTC)
CUSTOMERS, MONTHS, SEED, SUBSCRIBERS = 120, 3, 7, 4


@dataclass(frozen=True)
class OperatorUrls:
    """Where an operator's databases are."""

    billing_url: str
    platform_url: str
    middleware_url: str


NOBODY = OperatorUrls(
    "postgresql://nobody@127.0.0.1:1/billing",
    "postgresql://nobody@127.0.0.1:1/platform",
    "mongodb://127.0.0.1:1/middleware",
)


def make_operator(urls: OperatorUrls) -> None:
    """The same small operator every time, wherever it is made."""
    from demo.operator.create import create

    create(
        urls, customers=CUSTOMERS, months=MONTHS, seed=SEED, ending=LAST_DAY, subscribers=SUBSCRIBERS
    )  # fmt: skip


def open_installation(home: Path, warehouse_url: str, operator: OperatorUrls, **settings: Any) -> Settings:
    """Settings on these databases; further settings win, an empty URL switches a source off."""
    from orchestration.migrate import migrate

    migrate(warehouse_url)
    return settings_of(home, warehouse_url, operator, **settings)


def settings_of(home: Path, warehouse_url: str, operator: OperatorUrls, **settings: Any) -> Settings:
    """The same settings, the warehouse as it is."""
    given = {
        "home": home,
        "warehouse_url": SecretStr(warehouse_url),
        "billing_url": SecretStr(operator.billing_url),
        "platform_url": SecretStr(operator.platform_url),
        "middleware_url": SecretStr(operator.middleware_url),
    }
    return Settings.model_validate({**given, **settings})


def customer_dynamics(settings: Settings, **parameters: Any) -> tuple[tuple[Any, ...], ...]:
    """The cells of a freshly generated Customer Dynamics of the operator's three months."""
    asked = CustomerDynamicsParameters.read(
        {
            "from_date": date(2026, 1, 1),
            "to_date": LAST_DAY,
            "time_zone": "Asia/Kathmandu",
            "currency": "USD",
            "group_by": "month",
            **parameters,
        }
    )
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        return generate(connection, asked, GeneratedBy("test", "administrator"), AS_OF).rows


def rows(settings: Settings, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What the warehouse answers to the pipeline."""
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        return connection.execute(query.encode(), parameters or None).fetchall()


def subdyn(settings: Settings, *arguments: str, output: IO[str] | None = None) -> subprocess.Popen[str]:
    """The command in a process of its own, started there; what it says is read or goes to a file."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings.environment()},
        stdout=output or subprocess.PIPE,
        stderr=output or subprocess.PIPE,
        text=True,
        preexec_fn=_heed_signals,
    )


def _heed_signals() -> None:
    # A shell starts background commands with SIGINT ignored; after a run in this process, SIGTERM is as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def wait_for(condition: Callable[[], bool], seconds: float = 240, pause: float = 0.05) -> None:
    """Look again and again, after a pause in seconds; an assertion fails when it takes longer than that."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(pause)
