"""The house a command works in: its settings, with embedded servers for every URL that is not set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr
from rich.console import Console

from orchestration.connection_url import user_of
from orchestration.settings import Settings, load_settings

if TYPE_CHECKING:
    from demo.servers import Endpoints

# Progress goes to stderr, so that a report written to stdout stays clean.
console = Console(stderr=True, highlight=False)


@contextmanager
def open_house() -> Iterator[Settings]:
    """The settings with every URL known and the warehouse set up; what was started is stopped at the end.

    Raises SettingsError, MigrationError and DemoError, each with one line.
    """
    from orchestration.migrate import migrate, pending

    given = load_settings()
    with ExitStack() as stack:
        if not given.needs_embedded_servers:
            settings, admin_url = given, given.warehouse_login()
        else:
            endpoints = stack.enter_context(_servers(given))
            settings = with_embedded_servers(given, endpoints)
            embedded = given.warehouse_url is None
            admin_url = endpoints.warehouse_admin_url if embedded else settings.warehouse_login()
        if pending(admin_url):
            migrate(admin_url, user_of(settings.warehouse_login()))
        yield settings


def with_embedded_servers(given: Settings, endpoints: Endpoints) -> Settings:
    """The settings with the embedded servers' URLs in the place of those that are not set."""
    names = ("warehouse_url", "billing_url", "platform_url", "middleware_url")
    missing = {name: SecretStr(getattr(endpoints, name)) for name in names if getattr(given, name) is None}
    own_sources = any(given.source_url(name) for name in given.sources if f"{name}_url" not in missing)
    return given.model_copy(update={**missing, "embedded": not own_sources})


@contextmanager
def _servers(settings: Settings) -> Iterator[Endpoints]:
    from demo.servers import running_servers

    with ExitStack() as stack:
        with console.status("starting the embedded servers"):
            endpoints = stack.enter_context(running_servers(settings.home))
        yield endpoints
