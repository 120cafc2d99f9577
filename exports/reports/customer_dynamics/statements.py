"""The report's SQL, put together from the files beside this module: here and nowhere else.

movements   passing, held -> movements (of all, of the package asked for, or by hour) -> movement_sums
blocks      for each way to states: states x members -> memberships -> groups; all groups -> blocks
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from exports.reports.customer_dynamics.checkpoints import Way

PACKAGE = "exports.reports.customer_dynamics"


@cache
def statement(name: str) -> bytes:
    """The text of the .sql file of that name beside this module."""
    return files(PACKAGE).joinpath(f"{name}.sql").read_bytes()


def movements_statement(source: str) -> bytes:
    """Movement sums by period and package; source: movements_of_all, _of_package or _by_hour."""
    parts = [_passing()]
    if source == "movements_of_package":
        parts.append(_held())
    parts.append(_named("movements", statement(source), "materialized"))
    return b"with " + b", ".join(parts) + statement("movement_sums")


def blocks_statement(ways: tuple[Way, ...], of_package: bool, by_package: bool) -> bytes:
    """Client blocks by period and package, of the states that those ways together give."""
    members = {
        (False, False): None,
        (True, False): "members_of_package",
        (False, True): "members_by_package",
        (True, True): "members_of_package_by_package",
    }[of_package, by_package]
    parts = [_passing()]
    if of_package:
        parts = [
            _named("passing_any_package", statement("passing_customers"), "not materialized"),
            _named("passing", statement("passing_holders"), "not materialized"),
        ]
    if any(way.needs_changed for way in ways):
        parts.append(_named("changed", statement("changed_before_checkpoint"), "materialized"))
    memberships = b"select null::bigint as package_id, * from customer_states"
    if members is not None:
        # written out where it is used, not shared: a shared scan would keep the rest from running in parallel
        parts += [_held(), _named("members", statement(members), "not materialized")]
        memberships = statement("memberships_of_holders" if of_package else "memberships_of_everyone")
    parts.append(_named("groups", b" union all ".join(_groups(way, memberships) for way in ways)))
    return b"with " + b", ".join(parts) + statement("blocks")


def _groups(way: Way, memberships: bytes) -> bytes:
    """The groups of one way's states, counted against where the way is one of taking off."""
    sign = b"-" if way.is_taken_off else b""
    return (
        b"(with "
        + _named("customer_states", statement(way.states))
        + b", "
        + _named("memberships", memberships)
        + b", "
        + _named("counted_groups", statement(way.groups))
        + b"select package_id, currency, is_positive, is_paid, first_end, last_end, last_active_end, "
        + sign
        + b"customers as customers, "
        + sign
        + b"balance as balance from counted_groups)"
    )


def _passing() -> bytes:
    return _named("passing", statement("passing_customers"), "not materialized")


def _held() -> bytes:
    return _named("held", statement("held_packages"), "materialized")


def _named(name: str, text: bytes, kept: str = "") -> bytes:
    return f"{name} as {kept} (\n".encode() + text + b")\n"
