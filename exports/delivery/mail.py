"""A stored result as a mail: text, HTML with the chart in it, and the files that it has room for."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from exports.delivery.key_figures import Figure, KeyFigures, key_figures
from exports.errors import InvalidParameter, one_line
from exports.render.info import file_stem, group_heads, heading_lines, info_lines, short_id, shown_text
from exports.result import Cell, Column, StoredResult, key_column_count

if TYPE_CHECKING:
    from exports.charts.definition import Chart

SHOWN_ROWS = 10
SHOWN_CHARACTERS = 200
LONGEST_SUBJECT = 200
# Base64 writes 3 bytes as 4 characters, in lines of 76 and their ends.
ENCODED = 4 / 3 * 78 / 76
TEMPLATE = Path(__file__).with_name("mail.html.jinja")
MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Attachment:
    """A file of the mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Contents:
    """What goes to every recipient alike: rendered once."""

    subject: str
    text: str
    html: str | None = None
    chart: bytes | None = None
    chart_id: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def size(self) -> int:
        """What the mail weighs on its way, in bytes, headers left out."""
        files = sum(len(attachment.content) for attachment in self.attachments) + len(self.chart or b"")
        return len(self.text.encode()) + len((self.html or "").encode()) + int(files * ENCODED)


def result_contents(
    result: StoredResult,
    formats: Sequence[str],
    chart: Mapping[str, Any] | None,
    title: str,
    limit_bytes: int,
    link: Callable[[], str] | None = None,
) -> Contents:
    """The mail of a result, under the title given; what does not fit into the limit is left out with a note.

    `link` makes the address at which the result is shown; it is asked for once, and only where a file is left
    out as too large. Raises OSError where a file cannot be rendered for want of room.
    """
    notes: list[str] = []
    drawn, image = (None, None) if chart is None else _chart(result, chart, notes)
    room = limit_bytes - int(len(image or b"") * ENCODED)
    attachments: list[Attachment] = []
    address = None
    for name in formats:
        try:
            attachment = _attachment(result, name, drawn, int(room / ENCODED), notes)
        except _TooLarge:
            attachment = None
            address = address or (link() if link is not None else None)
            notes.append(_too_large(result, name, address))
        if attachment is not None:
            attachments.append(attachment)
            room -= int(len(attachment.content) * ENCODED)
    figures = key_figures(result)
    chart_id = make_msgid(domain="chart.invalid") if image is not None else ""
    return Contents(
        subject=_subject(result, title),
        text=_text(result, title, figures, attachments, notes),
        html=_html(result, title, figures, attachments, notes, chart_id, address),
        chart=image,
        chart_id=chart_id,
        attachments=tuple(attachments),
    )


def letter(contents: Contents, *, mail_from: str, to: str, message_id: str, at: datetime) -> EmailMessage:
    """The mail to one recipient, dated `at`. Raises ValueError for an address that breaks a header."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = mail_from, to, contents.subject
    made["Date"], made["Message-ID"] = format_datetime(at), message_id
    # no holiday notice answers a machine
    made["Auto-Submitted"] = "auto-generated"
    # every server takes these lines, also one that knows 7 bits alone
    made.set_content(contents.text, cte="quoted-printable")
    if contents.html is not None:
        made.add_alternative(contents.html, subtype="html", cte="quoted-printable")
    if contents.chart is not None:
        *_, html = made.iter_parts()
        assert isinstance(html, EmailMessage)  # noqa: S101 - the alternative added last
        html.add_related(
            contents.chart, maintype="image", subtype="png", cid=contents.chart_id, disposition="inline",
            filename="chart.png",
        )  # fmt: skip
    for attachment in contents.attachments:
        maintype, _, subtype = attachment.media_type.partition("/")
        made.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name)
    return made


def header_text(text: str) -> str:
    """The text as a header takes it: on one line, without control characters, not too long."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST_SUBJECT else f"{shown[: LONGEST_SUBJECT - 1]}…"


def _subject(result: StoredResult, title: str) -> str:
    asked = result.asked_interval
    return header_text(f"{header_text(title)[: LONGEST_SUBJECT - 30]}, {asked.from_date} .. {asked.to_date}")


class _Bounded(io.BytesIO):
    """A file that raises _TooLarge instead of growing beyond its bound."""

    def __init__(self, bound: int) -> None:
        super().__init__()
        self._bound = bound

    def write(self, content: Any, /) -> int:
        if self.tell() + memoryview(content).nbytes > self._bound:
            raise _TooLarge
        return super().write(content)


class _TooLarge(Exception):
    """The file outgrew the mail."""


def _attachment(
    result: StoredResult, name: str, chart: Chart | None, bound: int, notes: list[str]
) -> Attachment | None:
    """The result's file of that format, or None and a note that says why not; raises _TooLarge."""
    from exports.render import find_renderer

    file_name = _file_name(result, name)
    stream = _Bounded(bound)
    try:
        find_renderer(name)(result, stream, chart)
    except InvalidParameter as error:
        notes.append(f"{file_name} is not attached: {error}")
        return None
    return Attachment(file_name, MEDIA_TYPES.get(name, "application/octet-stream"), stream.getvalue())


def _file_name(result: StoredResult, name: str) -> str:
    return f"{file_stem(result)}.{name}"


def _too_large(result: StoredResult, name: str, address: str | None) -> str:
    """The note in the place of a file: where the result is shown, if anywhere, and how to get the file."""
    file_name = _file_name(result, name)
    shown = "" if address is None else f"; see {address}"
    fetch = f"subdyn report show {short_id(result.result_id)} --format {name} --output {file_name}"
    return f"{file_name} is too large for a mail{shown}; get it by: {fetch}"


def _chart(
    result: StoredResult, chart: Mapping[str, Any], notes: list[str]
) -> tuple[Chart, bytes] | tuple[None, None]:
    """The chart and its PNG, or neither and a note that says why it cannot be drawn."""
    from exports.charts.definition import Chart
    from exports.charts.vega_lite import render_image

    try:
        read = Chart.read(chart)
        return read, render_image(result, read, "png")
    except InvalidParameter as error:
        notes.append(f"the chart is not drawn: {error}")
        return None, None


def _text(
    result: StoredResult,
    title: str,
    figures: KeyFigures | None,
    attachments: Sequence[Attachment],
    notes: Sequence[str],
) -> str:
    heading, *asked = heading_lines(result)
    first = [header_text(title)] + ([heading] if heading != title else [])
    parts = ["\n".join([*first, *asked])]
    if result.message is not None:
        parts.append(result.message)
    elif figures is not None:
        lines = [("", figures.last, figures.before, "difference", "%")]
        lines += [(one_line(figure.column.label), *_compared(figure)) for figure in figures.figures]
        parts.append(f"{_compared_periods(figures)}\n\n{_aligned(lines)}")
    parts.append(_table_text(result))
    if attachments:
        parts.append("Attached: " + ", ".join(attachment.name for attachment in attachments))
    parts += [note[:1].upper() + note[1:] for note in notes]
    parts.append(
        "\n".join(f"{label}: {one_line(value)}" for label, value in info_lines(result))
        + f"\nThe whole result: subdyn report show {short_id(result.result_id)}"
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _table_text(result: StoredResult) -> str:
    """The first rows, a line for each cell: a table of many columns is no text."""
    if not result.rows or len(result.rows) > SHOWN_ROWS:
        return f"{len(result.rows):,} rows" if result.rows else ""
    keys = key_column_count(result.columns)
    blocks: list[str] = []
    for row in result.rows:
        name = " ".join(filter(None, (_shown(row[n], result.columns[n]) for n in range(keys))))
        lines = [
            (f"  {one_line(column.label)}", _shown(cell, column))
            for cell, column in zip(row[keys:], result.columns[keys:], strict=True)
        ]
        blocks.append(f"{name or 'Whole interval'}\n{_aligned(lines)}")
    return "\n\n".join(blocks)


def _html(
    result: StoredResult,
    title: str,
    figures: KeyFigures | None,
    attachments: Sequence[Attachment],
    notes: Sequence[str],
    chart_id: str,
    address: str | None,
) -> str:
    heading, *asked = heading_lines(result)
    body = result.rows[: len(result.rows) - result.has_total]
    shown = [*body[:SHOWN_ROWS], *(result.rows[-1:] if result.has_total else ())]
    return _template().render(
        title=header_text(title),
        report="" if heading == title else heading,
        asked=asked,
        message=result.message,
        figures=figures,
        periods=None if figures is None else _compared_periods(figures),
        compared=[
            (figure.column.label, *_compared(figure)) for figure in (figures.figures if figures else ())
        ],
        chart_id=chart_id.strip("<>"),
        groups=group_heads(result.columns),
        columns=result.columns,
        key_count=key_column_count(result.columns),
        rows=[
            [_shown(cell, column) for cell, column in zip(row, result.columns, strict=True)] for row in shown
        ],
        has_total=result.has_total,
        rest=max(0, len(body) - SHOWN_ROWS),
        attachments=[attachment.name for attachment in attachments],
        notes=notes,
        info=info_lines(result),
        address=address,
        fetch=f"subdyn report show {short_id(result.result_id)}",
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _compared_periods(figures: KeyFigures) -> str:
    unfinished = " (not over in the data)" if figures.is_unfinished else ""
    return f"{figures.last}{unfinished} against {figures.before}"


def _compared(figure: Figure) -> tuple[str, str, str, str]:
    """Both values, the difference with its sign and the percentage; empty for no value."""
    column = figure.column
    difference = _shown(figure.difference, column)
    if figure.difference is not None and figure.difference > 0:
        difference = f"+{difference}"
    percent = "" if figure.percent is None else f"{figure.percent:+,f} %"
    return _shown(figure.last, column), _shown(figure.before, column), difference, percent


def _shown(cell: Cell, column: Column) -> str:
    """The cell for people, on one line that is not too long."""
    text = one_line(shown_text(cell, column))
    return f"{text[:SHOWN_CHARACTERS]}…" if isinstance(cell, str) and len(text) > SHOWN_CHARACTERS else text


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """The lines in columns: the first to the left, the others to the right."""
    widths = [max(len(line[number]) for line in lines) for number in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
