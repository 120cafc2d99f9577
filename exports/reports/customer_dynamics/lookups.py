"""Checks of the parameters against the warehouse, and what packages are called in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exports.errors import InvalidParameter, close_ids, close_matches
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.snapshot import Snapshot, statement

PACKAGE = "exports.reports.customer_dynamics"


@dataclass(frozen=True)
class Package:
    """A package's name, empty where it has none, and its company's where the requester may see it."""

    package_id: int
    name: str | None = None
    company_name: str | None = None

    @property
    def short_label(self) -> str:
        """The name, else the id, so that no package is taken for none."""
        return (self.name or "").strip() or f"#{self.package_id}"

    @property
    def long_label(self) -> str:
        """The name with what tells it from others of that name."""
        company = f"{self.company_name}, " if self.company_name else ""
        return f"{self.short_label} ({company}#{self.package_id})"

    @property
    def position(self) -> tuple[bytes, int]:
        """By name, then id."""
        return self.short_label.encode(), self.package_id


def labels(packages: Iterable[Package]) -> Mapping[int, str]:
    """What each of the packages that stand beside each other is called: by name where no other shares it."""
    by_id = {package.package_id: package for package in packages}
    shared = Counter(package.short_label for package in by_id.values())
    return {
        id_: package.short_label if shared[package.short_label] == 1 else package.long_label
        for id_, package in by_id.items()
    }


def known_packages(snapshot: Snapshot, scope: int | None) -> dict[int, Package]:
    """Every package; the names of companies beyond the requester's branch are left out."""
    rows = snapshot.rows(statement(PACKAGE, "packages"), {"scope": scope})
    return {row["package_id"]: Package(**row) for row in rows}


def check_known(snapshot: Snapshot, asked: CustomerDynamicsParameters, scope: int | None) -> None:
    """Raises InvalidParameter for the first value that the warehouse lacks, naming what it has in scope.

    scope: the company whose branch limits the requester; None for all.
    """
    found = snapshot.rows(
        statement(PACKAGE, "known"),
        {
            "scope": scope,
            "company_id": asked.company_id,
            "owner_user_id": asked.owner_user_id,
            "package_id": asked.package_id,
            "tags": list(asked.tags) or None,
        },
    )
    names: dict[str, list[str]] = defaultdict(list)
    ids: dict[str, dict[int, str]] = defaultdict(dict)
    for row in found:
        names[row["what"]].append(row["name"])
        ids[row["what"]][row["id"]] = row["name"]
    for what, id_ in (
        ("company", asked.company_id),
        ("owner", asked.owner_user_id),
        ("package", asked.package_id),
    ):
        if id_ is not None and id_ not in ids[what]:
            raise InvalidParameter(what, f"unknown {what} {id_}: {close_ids(id_, ids[what])}")
        if what == "company":
            _check_tree(asked.company_id, {row["id"] for row in found if row["is_in_cycle"]}, ids[what])
    for what, values in (("tag", asked.tags), ("currency", (asked.currency,))):
        for value in values:
            if value not in names[what]:
                raise InvalidParameter(what, f"unknown {what} {value!r}: {close_matches(value, names[what])}")


def _check_tree(company_id: int | None, in_cycle: set[int], names: Mapping[int, str]) -> None:
    if company_id is not None and company_id in in_cycle:
        raise InvalidParameter(
            "company",
            f"company {company_id} ({names[company_id]}) lies above itself in the tree of companies;"
            " mend parent_id in the billing source",
        )
