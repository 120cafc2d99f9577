"""Links to stored results: whoever has one sees the result as it is stored, until it expires or is revoked.

The link's id is shown once, when the link is made; the warehouse stores its SHA-256 alone. An id of 128
random bits is looked up by that hash, so that neither guessing nor timing leads to one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.rows import class_row

from exports.errors import InvalidParameter, NotFound, NotReady, minute_text
from exports.result import GeneratedBy, StoredResult
from exports.result_store import load
from exports.snapshot import first_line, statements

LINK_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
SHARE_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
# Said of whatever opens nothing and never did: a guess learns nothing from it.
UNKNOWN = "no such link: ask whoever shared it for a new one"
STATEMENTS = statements(__name__, "shares")
NOT_MIGRATED = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)


@dataclass(frozen=True)
class Share:
    """A link to a stored result: who shared it within which scope, since when and until when (None: no end).

    `report` names the result's report, also once the result was pruned.
    """

    share_id: int
    result_id: str
    report: str | None
    shared_by: str
    role: str
    company_id: int | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    opening_count: int
    last_opened_at: datetime | None

    def state(self, now: datetime) -> str:
        """`live`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"


@dataclass(frozen=True)
class NewShare:
    """A link that was just made, with the id that is nowhere stored."""

    share: Share
    link_id: str


def create(
    connection: psycopg.Connection[Any],
    result_id: str,
    sharer: GeneratedBy,
    now: datetime,
    expires_at: datetime | None = None,
) -> NewShare:
    """Make a link to a stored result, by its whole id, in the caller's transaction or one of its own.

    Of a sharer whom a company limits, the result must have been generated within that company's branch:
    NotFound otherwise, as for a result that is not there. Raises InvalidParameter for an end that is not
    ahead.
    """
    if expires_at is not None and expires_at <= now:
        raise InvalidParameter("expires", f"expires: {minute_text(expires_at)} is not ahead")
    link_id = secrets.token_hex(16)
    values = {
        "link_sha256": _hash(link_id),
        "result_id": result_id,
        "shared_by": sharer.name,
        "role": sharer.role,
        "company_id": sharer.company_id,
        "now": now,
        "expires_at": expires_at,
    }
    not_found = NotFound(f"no stored result {result_id!r}; list them with: subdyn report list")
    try:
        with connection.transaction():
            if sharer.company_id is not None and not _is_within(connection, result_id, sharer.company_id):
                raise not_found
            made = connection.execute(STATEMENTS["create"], values).fetchone()
    except psycopg.errors.ForeignKeyViolation:
        raise not_found from None
    except NOT_MIGRATED as error:
        raise _not_migrated(error) from error
    assert made is not None  # noqa: S101 - an insert returns its row
    return NewShare(find(connection, str(made[0])), link_id)


def open_link(
    connection: psycopg.Connection[Any], link: str, now: datetime, opened_by: str, opened_through: str
) -> tuple[StoredResult, Share]:
    """The result behind a link (its id, or the whole address), and the link; the opening is noted.

    Raises NotFound: with the same words for whatever never was a link, and with the reason for one that
    expired or was revoked.
    """
    link_id = _link_id(link)
    share = _find_by_link(connection, link_id) if link_id else None
    if share is None:
        raise NotFound(UNKNOWN)
    match share.state(now):
        case "revoked":
            assert share.revoked_at is not None  # noqa: S101 - what revoked means
            raise NotFound(f"this link was revoked on {minute_text(share.revoked_at)}")
        case "expired":
            assert share.expires_at is not None  # noqa: S101 - what expired means
            raise NotFound(f"this link expired on {minute_text(share.expires_at)}")
        case _:
            pass
    result = load(connection, share.result_id)
    opening = {
        "share_id": share.share_id,
        "now": now,
        "opened_by": opened_by,
        "opened_through": opened_through,
    }
    with connection.transaction():
        connection.execute(STATEMENTS["record_opening"], opening)
    return result, share


def find(connection: psycopg.Connection[Any], share: str) -> Share:
    """The link of that number, id or address, live or not; raises NotFound."""
    text = share.strip()
    if SHARE_NUMBER.fullmatch(text):
        found = _shares(connection, share_id=int(text))
        if found:
            return found[0]
        raise NotFound(f"no link {text}; list them with: subdyn share list")
    link_id = _link_id(text)
    by_link = _find_by_link(connection, link_id) if link_id else None
    if by_link is None:
        raise NotFound(f"{UNKNOWN}; by their numbers: subdyn share list")
    return by_link


def list_shares(connection: psycopg.Connection[Any], result_id: str | None = None) -> list[Share]:
    """Every link, or those to one result, the newest first."""
    return _shares(connection, result_id=result_id)


def revoke(connection: psycopg.Connection[Any], share: Share, revoked_by: str, now: datetime) -> Share:
    """End a link; one that was revoked before stays as it was. Returns it as it is then."""
    values = {"share_id": share.share_id, "revoked_by": revoked_by, "now": now}
    with connection.transaction():
        connection.execute(STATEMENTS["revoke"], values)
    return find(connection, str(share.share_id))


def address(web_url: str, link_id: str) -> str:
    """Where the link is opened, below the pages' address."""
    return f"{web_url.rstrip('/')}/view?id={link_id}"


def _is_within(connection: psycopg.Connection[Any], result_id: str, company_id: int) -> bool:
    """Whether the result was generated within the branch of that company."""
    asked = {"result_id": result_id, "company_id": company_id}
    # of that company itself: also where the marts are not there, or do not know it any more
    if connection.execute(STATEMENTS["find_generated_by_company"], asked).fetchone() is not None:
        return True
    try:
        return connection.execute(STATEMENTS["find_generated_in_branch"], asked).fetchone() is not None
    except psycopg.errors.UndefinedTable as error:
        raise NotReady(f"the warehouse does not know its companies ({first_line(error)})") from error


def _find_by_link(connection: psycopg.Connection[Any], link_id: str) -> Share | None:
    found = _shares(connection, link_sha256=_hash(link_id))
    return found[0] if found else None


def _shares(connection: psycopg.Connection[Any], **wanted: Any) -> list[Share]:
    asked: Mapping[str, Any] = {"share_id": None, "link_sha256": None, "result_id": None, **wanted}
    try:
        with connection.cursor(row_factory=class_row(Share)) as cursor:
            return cursor.execute(STATEMENTS["find"], asked).fetchall()
    except NOT_MIGRATED as error:
        raise _not_migrated(error) from error


def _link_id(link: str) -> str | None:
    """The id in a link, which may be given as a whole address; None where it cannot be one."""
    text = link.strip()
    if "?" in text:
        named = parse_qs(urlsplit(text).query).get("id", [])
        text = named[0] if len(named) == 1 else ""
    text = text.lower()
    return text if LINK_ID.fullmatch(text) else None


def _hash(link_id: str) -> str:
    return hashlib.sha256(link_id.encode()).hexdigest()


def _not_migrated(error: psycopg.Error) -> NotReady:
    return NotReady(f"the warehouse keeps no links yet ({first_line(error)})", "run: subdyn migrate")
