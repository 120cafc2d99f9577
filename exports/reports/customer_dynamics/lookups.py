"""Checks of the parameters against the warehouse: what is named must be there."""

from __future__ import annotations

from exports.errors import InvalidParameter, close_matches
from exports.reports.customer_dynamics.definition import CustomerDynamicsParameters
from exports.reports.customer_dynamics.statements import known_statement, statement
from exports.snapshot import Snapshot


def check_known(snapshot: Snapshot, asked: CustomerDynamicsParameters, scope: int | None) -> None:
    """Raises InvalidParameter for the first value that the warehouse does not have, naming what is known to
    the asker.

    scope: the company whose branch limits the asker; None for all.
    """
    _check_company(snapshot, asked.company_id, scope)
    _check_named(snapshot, "owner", asked.owner_user_id, scope)
    _check_named(snapshot, "package", asked.package_id, scope)
    if asked.tags:
        known_tags = [row["tag"] for row in snapshot.rows(known_statement("tags"), {"scope": scope})]
        for tag in asked.tags:
            if tag not in known_tags:
                raise InvalidParameter("tag", f"unknown tag {tag!r}: {close_matches(tag, known_tags)}")
    currencies = [row["currency"] for row in snapshot.rows(statement("known_currencies"))]
    if asked.currency not in currencies:
        raise InvalidParameter(
            "currency", f"unknown currency {asked.currency!r}: {close_matches(asked.currency, currencies)}"
        )


def package_names(snapshot: Snapshot) -> dict[int, str]:
    """The name of each package."""
    rows = snapshot.rows(known_statement("packages"), {"scope": None})
    return {row["id"]: row["name"] for row in rows}


def _check_company(snapshot: Snapshot, company_id: int | None, scope: int | None) -> None:
    if company_id is None:
        return
    companies = {
        row["company_id"]: row for row in snapshot.rows(statement("known_companies"), {"scope": scope})
    }
    seen = {id_: row["name"] for id_, row in companies.items() if row["is_in_scope"]}
    _check_id("company", company_id, seen)
    if companies[company_id]["is_in_cycle"]:
        raise InvalidParameter(
            "company",
            f"company {company_id} ({seen[company_id]}) lies above itself in the tree of companies;"
            " mend parent_id in the billing source",
        )


def _check_named(snapshot: Snapshot, what: str, asked: int | None, scope: int | None) -> None:
    if asked is not None:
        known = snapshot.rows(known_statement(f"{what}s"), {"scope": scope})
        _check_id(what, asked, {row["id"]: row["name"] for row in known})


def _check_id(what: str, asked: int, known: dict[int, str]) -> None:
    if asked in known:
        return
    if len(known) <= 12:
        near = (
            "known: " + ", ".join(f"{id_} {name}" for id_, name in sorted(known.items()))
            if known
            else "there is none"
        )
    else:
        near = close_matches(str(asked), [str(id_) for id_ in known])
    raise InvalidParameter(what, f"unknown {what} {asked}: {near}")
