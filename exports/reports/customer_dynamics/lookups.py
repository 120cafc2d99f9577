"""Checks of the parameters against the warehouse: what is named must be there."""

from __future__ import annotations

from exports.errors import InvalidParameter, close_ids, close_matches
from exports.reports.customer_dynamics.definition import CustomerDynamicsParameters
from exports.reports.customer_dynamics.packages import Package
from exports.reports.customer_dynamics.statements import known_statement, statement
from exports.snapshot import Snapshot


def check_known(snapshot: Snapshot, asked: CustomerDynamicsParameters, scope: int | None) -> None:
    """Raises InvalidParameter for the first value that the warehouse lacks, naming what it has in scope.

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


def known_packages(snapshot: Snapshot, scope: int | None) -> dict[int, Package]:
    """Every package; the names of companies beyond the asker's branch are left out."""
    rows = snapshot.rows(statement("package_labels"), {"scope": scope})
    return {row["package_id"]: Package(**row) for row in rows}


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
    if asked not in known:
        raise InvalidParameter(what, f"unknown {what} {asked}: {close_ids(asked, known)}")
