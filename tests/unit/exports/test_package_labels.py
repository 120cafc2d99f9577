"""Rows by package: a name alone where it is enough, company and id where it is not."""

from __future__ import annotations

from exports.reports.customer_dynamics.lookups import Package, labels


def test_a_name_that_is_shared_is_told_with_company_and_id_where_they_may_be_seen():
    packages = [
        Package(7, "Gold", "Acme"),
        Package(8, "Gold", None),
        Package(9, "Silver", "Acme"),
        Package(9, "Silver", "Acme"),
    ]
    assert labels(packages) == {7: "Gold (Acme, #7)", 8: "Gold (#8)", 9: "Silver"}


def test_a_package_without_a_name_is_never_taken_for_none():
    assert labels([Package(7), Package(8, ""), Package(9, "  ")]) == {7: "#7", 8: "#8", 9: "#9"}
    assert labels([Package(7), Package(8, "#7", "Acme")]) == {7: "#7 (#7)", 8: "#7 (Acme, #8)"}


def test_packages_stand_by_name_then_id():
    packages = [Package(3, "b"), Package(2, "a"), Package(1, "b"), Package(4)]
    assert [package.package_id for package in sorted(packages, key=lambda p: p.position)] == [4, 2, 1, 3]
