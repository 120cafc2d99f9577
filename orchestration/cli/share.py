"""`subdyn share`: links to stored results."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from orchestration.cli.days import read_days
from orchestration.cli.installation import open_installation
from orchestration.cli.report.output import (
    ChartColumnOption,
    ChartOption,
    ChartTitleOption,
    ChartTypeOption,
    Destination,
    FormatOption,
    OutputOption,
    OverwriteOption,
    read_chart,
)
from orchestration.cli.terminal import Terminal, console, write_line

if TYPE_CHECKING:
    from exports.shares import Share

share_app = typer.Typer(
    help="Links to stored results: whoever has one sees the result as it is stored.",
    no_args_is_help=True,
    add_completion=False,
)
ResultArgument = Annotated[
    str, typer.Argument(metavar="RESULT", help="Its id or the first digits, from `report list`.")
]


@share_app.command("create")
def create(
    result: ResultArgument,
    expires: Annotated[
        str | None,
        typer.Option(metavar="DAYS", help="How long it opens, as 30d; until it is revoked unless given."),
    ] = None,
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
) -> None:
    """Make a link to a stored result, and tell its address on stdout: once, for the id is not kept.

    With --format or --output the result is written as well, as a file to send where no page is reachable.
    """
    lifetime = None if expires is None else read_days(expires, "--expires")
    import psycopg

    from exports import shares
    from exports.result import GeneratedBy
    from exports.result_store import check_result_id, find_result_id, load

    beginning = check_result_id(result)
    drawn = read_chart(chart, chart_column, chart_type, chart_title)
    is_written = any(asked is not None for asked in (formats, output, drawn))
    destination = Destination(formats, output, overwrite, drawn) if is_written else None
    with open_installation() as settings:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            now = datetime.now(UTC)
            stored = load(connection, find_result_id(connection, beginning))
            if destination is not None:
                destination.deliver(stored, settings)
            made = shares.create(
                connection,
                stored.result_id,
                GeneratedBy(getpass.getuser(), "administrator"),
                now,
                None if lifetime is None else now + lifetime,
            )
        until = (
            "until it is revoked"
            if made.share.expires_at is None
            else f"until {_minute(made.share.expires_at)}"
        )
        console.print(
            f"link {made.share.share_id} opens {until}; its address is not told again:", soft_wrap=True
        )
        write_line(shares.address(settings.web_url, made.link_id))


@share_app.command("list")
def list_links(
    result: Annotated[
        str | None, typer.Option("--result", metavar="RESULT", help="Only links to this result.")
    ] = None,
) -> None:
    """List the links, newest first: to what, by whom, until when, and how often they were opened."""
    import psycopg

    from exports import shares
    from exports.result_store import check_result_id, find_result_id

    beginning = None if result is None else check_result_id(result)
    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        result_id = None if beginning is None else find_result_id(connection, beginning)
        found = shares.list_shares(connection, result_id)
    print_shares(found, datetime.now(UTC))


@share_app.command("revoke")
def revoke(
    share: Annotated[
        str, typer.Argument(metavar="SHARE", help="Its number, from `share list`, or the link itself.")
    ],
) -> None:
    """End a link: from now on it opens nothing."""
    import psycopg

    from exports import shares

    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        found = shares.find(connection, share)
        ended = shares.revoke(connection, found, getpass.getuser(), datetime.now(UTC))
    assert ended.revoked_at is not None  # noqa: S101 - it was just revoked
    already = "was already" if found.revoked_at is not None else "is"
    write_line(
        f"link {ended.share_id} {already} revoked, by {ended.revoked_by} on {_minute(ended.revoked_at)}"
    )


@share_app.command("open")
def open_share(
    link: Annotated[str, typer.Argument(metavar="ID", help="The link, or the id in it.")],
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
) -> None:
    """Show or write what a link shows, with who generated it and when; the opening is noted."""
    import psycopg

    from exports import shares
    from exports.render.info import info_lines

    destination = Destination(
        formats, output, overwrite, read_chart(chart, chart_column, chart_type, chart_title)
    )
    with open_installation() as settings:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            result, _ = shares.open_link(
                connection, link, datetime.now(UTC), getpass.getuser(), "command line"
            )
        destination.deliver(result, settings)
    # files bear it themselves
    if formats is None and output is None:
        for label, value in info_lines(result):
            write_line(f"{label}: {value}")


def print_shares(found: Sequence[Share], now: datetime) -> None:
    """A line or two for each link, within 80 characters."""
    from exports.render.info import short_id

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("No.", justify="right", no_wrap=True)
    table.add_column("Result", no_wrap=True)
    table.add_column("Shared, UTC", overflow="fold", min_width=16)
    table.add_column("State", overflow="fold")
    table.add_column("Opened", no_wrap=True)
    for share in found:
        scope = "" if share.company_id is None else f", company {share.company_id}"
        opened = "" if share.last_opened_at is None else f"\n{_minute(share.last_opened_at, zone='')}"
        table.add_row(
            str(share.share_id),
            Text(f"{share.report or ''}\n{short_id(share.result_id)}"),
            Text(f"{_minute(share.created_at, zone='')}\nby {share.shared_by}{scope}"),
            Text(_state(share, now)),
            f"{share.opening_count:,}{opened}",
        )
    Terminal().print(table)


def _state(share: Share, now: datetime) -> str:
    if share.revoked_at is not None:
        return f"revoked {_minute(share.revoked_at, zone='')} by {share.revoked_by}"
    if share.expires_at is None:
        return "live"
    return (
        f"{'expired' if share.state(now) == 'expired' else 'live until'} {_minute(share.expires_at, zone='')}"
    )


def _minute(instant: datetime, zone: str = " UTC") -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}{zone}"
