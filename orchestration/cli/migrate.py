"""`subdyn migrate`: sets up the warehouse's roles, app and closed."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli.installation import console, open_installation
from orchestration.connection_url import checked_url, user_of


def migrate(
    admin_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A user who may create roles; SUBDYN_WAREHOUSE_URL unless given."),
    ] = None,
) -> None:
    """Apply the migrations that the warehouse has not had; a second time changes nothing."""
    from orchestration.cli.exits import BadInput
    from orchestration.migrate import migrate as apply
    from orchestration.settings import load_settings

    if admin_url is None:
        with open_installation():
            console.print("the warehouse is up to date")
        return
    settings = load_settings()
    try:
        url = checked_url(admin_url, ("postgresql",))
    except ValueError as error:
        raise BadInput(f"--admin-url: {error}") from None
    login = user_of(settings.warehouse_login()) if settings.warehouse_url is not None else None
    applied = apply(url, login)
    if applied:
        console.print(f"warehouse: applied {', '.join(applied)}", soft_wrap=True)
    console.print("the warehouse is up to date")
