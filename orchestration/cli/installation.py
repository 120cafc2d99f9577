"""The installation a command works in: its settings, with embedded servers for every URL that is not set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orchestration.cli.terminal import console
from orchestration.connection_url import user_of
from orchestration.settings import Settings, SettingsError, load_settings, without_url

if TYPE_CHECKING:
    from demo.servers import Endpoints


class Sources(Enum):
    """What a command needs the sources for."""

    UNUSED = auto()  # it reads the warehouse alone: their URLs need not be set
    READ = auto()  # the demo's only in a home where `subdyn demo` has made them
    MADE_UP_WHERE_UNSET = auto()  # the demo's, wherever none has a URL


@contextmanager
def open_installation(sources: Sources = Sources.UNUSED, *, adopt: bool = False) -> Iterator[Settings]:
    """The settings with every URL known and the warehouse set up; what was started is stopped at the end.

    `adopt` takes the sources for the warehouse's own, whatever it was filled from. Raises SettingsError,
    MigrationError, OtherSource and DemoError, each with one line.
    """
    from orchestration.migrate import migrate, pending

    given = load_settings()
    if sources is Sources.READ and given.sources_without_url and not _may_hold_a_demo(given):
        raise SettingsError(_no_demo(given))
    needs_embedded = given.warehouse_url is None or (
        sources is not Sources.UNUSED and bool(given.sources_without_url)
    )
    with ExitStack() as stack:
        if not needs_embedded:
            settings, admin_url = given, given.warehouse_login()
        else:
            endpoints = stack.enter_context(_servers(given))
            settings = with_embedded_servers(given, endpoints)
            embedded = given.warehouse_url is None
            admin_url = endpoints.warehouse_admin_url if embedded else settings.warehouse_login()
        if sources is Sources.READ and given.sources_without_url and not _holds_a_demo(settings):
            raise SettingsError(_no_demo(given))
        if pending(admin_url):
            applied = migrate(admin_url, user_of(settings.warehouse_login()))
            console.print(f"warehouse: applied {', '.join(applied)}", soft_wrap=True)
        if sources is not Sources.UNUSED:
            _check_sources(
                settings, made_up=settings.embedded and given.warehouse_url is not None, adopt=adopt
            )
        yield settings


def _check_sources(settings: Settings, *, made_up: bool, adopt: bool) -> None:
    from orchestration import known_sources

    if adopt:
        for moved in known_sources.adopt(settings):
            console.print(f"[yellow]adopted[/] {moved}", soft_wrap=True)
    else:
        known_sources.require_no_other(settings, made_up=made_up)


def with_embedded_servers(given: Settings, endpoints: Endpoints) -> Settings:
    """The settings with the embedded servers' URLs in the place of those that are not set."""
    names = ("warehouse_url", "billing_url", "platform_url", "middleware_url")
    missing = {name: SecretStr(getattr(endpoints, name)) for name in names if getattr(given, name) is None}
    return given.model_copy(update={**missing, "embedded": bool(given.sources_without_url)})


def _may_hold_a_demo(given: Settings) -> bool:
    """Whether the home has databases at all: nothing is made where there is nothing to read."""
    return (given.home / "postgres" / "data").exists()


def _holds_a_demo(settings: Settings) -> bool:
    """Whether the embedded databases of the sources hold a made-up operator: they bear its recipe."""
    from demo.operator.document_store import existing_documents_recipe
    from demo.operator.stores import existing_recipe

    return any(
        existing_documents_recipe(settings.source_url(source))
        if source == "middleware"
        else existing_recipe(source, settings.source_url(source))
        for source in settings.sources
    )


def _no_demo(given: Settings) -> str:
    return f"{without_url(given.sources_without_url)} ({given.home} holds no demo: `subdyn demo` makes one)"


@contextmanager
def _servers(settings: Settings) -> Iterator[Endpoints]:
    from demo.servers import running_servers

    with ExitStack() as stack:
        with console.status("starting the embedded servers"):
            endpoints = stack.enter_context(running_servers(settings.home))
        yield endpoints
