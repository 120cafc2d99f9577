"""What lies in the inbox: text, HTML, chart and files, each as the stored result has it, and safe."""

from __future__ import annotations

import csv
import gc
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from exports import shares
from exports.delivery.key_figures import key_figures
from exports.delivery.mail import header_text, letter, result_contents
from exports.delivery.outbox import request
from exports.delivery.sending import send
from exports.delivery.smtp import Folder
from exports.result import Column, Interval, Kind, StoredResult, new_result_id
from exports.result_store import store
from tests.support.deliveries import DUE, LIMIT, Installation, sender
from tests.support.mail_server import Mailbox, MailServer
from tests.support.results import a_result

ANN = "ann@x.example"
BOB = "bob@x.example"
CHART = {"template": "Balance Refill: Total"}
COLUMNS = (
    Column("Month", Kind.MONTH),
    Column("Clients - Active: Qty", Kind.COUNT, "Clients - Active"),
    Column("Balance Refill: Total", Kind.MONEY, "Balance Refill", "USD"),
    Column("Balance Refill: Avg", Kind.RATIO, "Balance Refill", "USD"),
)
ASKED = Interval(
    date(2026, 1, 1),
    date(2026, 3, 31),
    "UTC",
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 4, 1, tzinfo=UTC),
)


def by_month(**changes: Any) -> StoredResult:
    """Three months and their Total."""
    rows = (
        (date(2026, 1, 1), 10, Decimal("100.0000"), Decimal("10.0000")),
        (date(2026, 2, 1), 0, Decimal("-200.0000"), None),
        (date(2026, 3, 1), 1500, Decimal("150.1250"), Decimal("0.1000")),
        ("Total", 1500, Decimal("50.1250"), None),
    )
    given = {"rows": rows, "columns": COLUMNS, "asked_interval": ASKED, "data_interval": ASKED, **changes}
    return a_result(**given)


def received(
    result: StoredResult,
    formats: tuple[str, ...] = (),
    chart: dict[str, Any] | None = None,
    title: str = "Weekly",
    limit_bytes: int = LIMIT,
) -> EmailMessage:
    """The mail as it is read again from its bytes."""
    contents = result_contents(result, formats, chart, title, limit_bytes)
    made = letter(contents, mail_from="h@x.example", to=ANN, message_id="<1@x.example>", at=DUE)
    sent = message_from_bytes(made.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(sent, EmailMessage)
    assert len(sent.as_bytes()) < contents.size * 1.2 + 4000
    return sent


def part(mail: EmailMessage, kind: str) -> str:
    """The mail's text of that kind: plain or html."""
    body = mail.get_body((kind,))
    assert body is not None
    return body.get_content()


def files(mail: EmailMessage) -> dict[str, bytes]:
    """The attached files."""
    return {str(found.get_filename()): found.get_content() for found in mail.iter_attachments()}


def test_the_attached_files_are_the_stored_result() -> None:
    attached = files(received(by_month(), ("csv", "xlsx")))
    csv_name, xlsx_name = attached
    text = attached[csv_name]
    rows = list(csv.reader(io.StringIO(text if isinstance(text, str) else text.decode())))
    assert rows[3] == ["2026-03", "1500", "150.1250", "0.1000"]
    sheet = openpyxl.load_workbook(io.BytesIO(attached[xlsx_name])).worksheets[0]
    assert "Total" in [row[0].value for row in sheet.iter_rows()]
    assert csv_name.startswith("customer-dynamics_2026-01-01_2026-03-31") and csv_name.endswith(".csv")


def test_the_chart_stands_in_the_html_by_its_id() -> None:
    mail = received(by_month(), chart=CHART)
    html = mail.get_body(("html",))
    assert html is not None
    related = mail.get_body(("related",))
    assert related is not None
    image = next(found for found in related.iter_attachments() if found.get_content_type() == "image/png")
    assert image["Content-ID"].strip("<>") in html.get_content()
    assert image.get_content().startswith(b"\x89PNG")
    assert files(mail) == {}


def test_a_chart_of_a_column_that_is_not_there_leaves_a_note_and_the_rest_of_the_mail() -> None:
    mail = received(by_month(), ("xlsx",), {"columns": ["No such column"]})
    assert "he chart is not drawn" in part(mail, "plain")
    assert "he chart is not drawn" in part(mail, "html")
    assert len(files(mail)) == 1


def test_the_key_figures_compare_the_last_period_with_the_one_before() -> None:
    figures = key_figures(by_month())
    assert figures is not None
    assert (figures.last, figures.before, figures.is_unfinished) == ("2026-03", "2026-02", False)
    output = [(figure.difference, figure.percent) for figure in figures.figures]
    assert output == [(1500, None), (Decimal("350.1250"), Decimal("175.1")), (None, None)]
    for text in (part(received(by_month()), "plain"), part(received(by_month()), "html")):
        assert "2026-03 against 2026-02" in text
        assert "150.13" in text and "-200.00" in text and "+350.13" in text and "+175.1 %" in text


def test_a_last_period_that_the_data_do_not_cover_is_called_unfinished() -> None:
    through = datetime(2026, 3, 10, tzinfo=UTC)
    mail = received(by_month(data_interval=replace(ASKED, ends_at=through)))
    assert "2026-03 (not over in the data) against 2026-02" in part(mail, "plain")


@pytest.mark.parametrize("rows", [1, 0])
def test_no_two_periods_are_no_key_figures(rows: int) -> None:
    result = by_month(rows=by_month().rows[:rows], has_total=False, message=None if rows else "No data.")
    assert key_figures(result) is None
    assert "against" not in part(received(result), "plain")


def test_packages_by_month_are_no_series() -> None:
    assert key_figures(a_result()) is None


def test_names_cannot_break_out_of_html_headers_or_file_names() -> None:
    evil = '<script>alert(1)</script>" onload="x'
    columns = (Column(f"{evil}: head", Kind.TEXT, evil), Column("Qty", Kind.COUNT))
    result = a_result(
        columns=columns, rows=((evil, 1), (f"{evil}\r\nBcc: eve@x.example", 2)), has_total=False,
        parameters={"tags": ["../../etc", evil], "time_zone": "UTC"}, message=evil,
    )  # fmt: skip
    mail = received(result, ("csv",), title=f"{evil}\r\nBcc: eve@x.example\u202e\0")
    assert "<script" not in part(mail, "html")
    assert mail["Bcc"] is None
    assert [name for name in mail.keys() if name.lower() == "bcc"] == []  # noqa: SIM118
    assert mail["Subject"].startswith('<script>alert(1)</script>" onload="x Bcc: eve@x.example, 2026')
    (name,) = files(mail)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_.")


@pytest.mark.parametrize(
    "title", ["Щотижневий звіт про клієнтів", "تقرير أسبوعي", "每周报告", "Ré\tsumé 😀" * 100]
)
def test_titles_of_every_script_arrive_as_they_are(title: str) -> None:
    mail = received(by_month(), title=title)
    assert mail["Subject"].startswith(" ".join(title.split())[:150])
    assert part(mail, "plain").startswith(header_text(title))


def test_many_rows_are_counted_and_not_shown() -> None:
    rows = tuple((date(1900 + number, 1, 1), number, None, None) for number in range(100))
    mail = received(by_month(rows=rows, has_total=False))
    assert "90 more rows are not shown" in part(mail, "html")
    assert "100 rows" in part(mail, "plain")


def test_a_file_that_is_too_large_is_left_out_with_the_command_that_fetches_it(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    rows = tuple((date(2026, 1, 1), f"Package {number} " * 10, number, None, None) for number in range(3000))
    result = store(installation.connection, a_result(rows=(*rows, ("Total", None, 1, None, None)),
                                              result_id=new_result_id()))  # fmt: skip
    delivery = request(
        installation.connection, result_id=result.result_id, recipients=[ANN], formats=["csv", "xlsx"],
        requested_by="ann", mail_from="h@x.example", as_of=DUE,
    )  # fmt: skip
    (output,) = installation.send(server.url, limit_bytes=200_000)
    assert output.size < 200_000
    assert installation.states(delivery) == {ANN: "sent"}
    ((_, mail),) = mailbox.letters
    assert [name.rpartition(".")[2] for name in files(mail)] == ["xlsx"]
    assert f"get it by: subdyn report show {result.result_id[:12]} --format csv" in part(mail, "plain")
    assert "is too large for a mail" in part(mail, "html")


def test_the_mail_of_a_file_that_is_too_large_bears_a_link_that_opens_the_result(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    rows = tuple((date(2026, 1, 1), f"Package {number} " * 10, number, None, None) for number in range(3000))
    result = store(installation.connection, a_result(rows=rows, result_id=new_result_id()))
    installation.request(result, ANN, BOB, formats=["csv", "json"])
    small = installation.request(store(installation.connection, a_result(result_id=new_result_id())), ANN)
    way = replace(sender(server.url, limit_bytes=200_000), web_url="https://reports.example.org")
    assert len(list(send(installation.url, as_of=DUE, sender=way))) == 2
    assert installation.states(small) == {ANN: "sent"}
    addresses = {
        found
        for _, mail in mailbox.letters
        for found in re.findall(r"https://[^\s;\"<]+", part(mail, "plain") + part(mail, "html"))
    }
    # one link for both files and both recipients, none for what was small enough
    (address,) = addresses
    shown, share = shares.open_link(installation.connection, address, DUE, "ann", "page")
    assert shown == result
    assert (share.shared_by, share.company_id) == (result.generated_by.name, result.generated_by.company_id)
    assert len(shares.list_shares(installation.connection, result.result_id)) == 1


def test_a_format_that_cannot_hold_the_result_leaves_a_note() -> None:
    rows = tuple((date(2026, 1, 1), None, 1, None, None) for _ in range(70_000))
    mail = received(a_result(rows=rows, has_total=False), ("xls",))
    assert files(mail) == {}
    assert ".xls is not attached: " in part(mail, "plain")


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk without room in the place where renderers keep what they have not finished."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    (folder / "something else").write_bytes(bytes(shutil.disk_usage(folder).free))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    # workbooks that were given up close their files now, and say once more that they could not
    gc.collect()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk_while_rendering_loses_nothing_and_sends_nothing_half(
    installation: Installation,
    server: MailServer,
    mailbox: Mailbox,
    stored: StoredResult,
    full_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = installation.request(stored, ANN, formats=("xlsx",))
    other = installation.request(stored, "bob@x.example", formats=("csv",))
    first, second = installation.send(server.url)
    assert (first.state, second.state) == ("ready", "done")
    assert first.reason is not None and "No space left on device" in first.reason
    assert installation.states(held) == {ANN: "waiting"} and installation.states(other) == {
        "bob@x.example": "sent"
    }
    assert (first.is_stuck, second.is_stuck) == (True, False)
    assert installation.delivery(held)[1] == first.reason
    mail = installation.mails(held)[ANN]
    assert (mail.answer, mail.attempt_count) == (first.reason, 0)

    monkeypatch.setattr(tempfile, "tempdir", None)
    assert installation.send(server.url) == []
    (output,) = installation.send(server.url, mail.next_attempt_at)
    assert (output.state, output.reason) == ("done", None)
    assert mailbox.received == {ANN: 1, "bob@x.example": 1}


def test_a_full_outbox_folder_is_tried_again(
    installation: Installation, full_disk: Path, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN)
    installation.send(Folder(full_disk / "outbox"))
    mail = installation.mails(delivery)[ANN]
    assert mail.state == "waiting"
    assert mail.answer is not None and mail.answer.endswith("cannot be written: No space left on device")
    assert list((full_disk / "outbox").iterdir()) == []
    (full_disk / "something else").unlink()
    installation.send(Folder(full_disk / "outbox"), DUE + timedelta(minutes=1))
    assert installation.states(delivery) == {ANN: "sent"}


def test_nobody_may_name_a_state_that_is_none(installation: Installation, stored: StoredResult) -> None:
    installation.request(stored, ANN)
    with pytest.raises(psycopg.errors.CheckViolation):
        installation.connection.execute("update app.outbox set state = 'lost'")
