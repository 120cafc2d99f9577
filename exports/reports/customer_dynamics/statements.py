"""The report's SQL, put together from the files beside this module: here and nowhere else.

movements   passing, counting, held -> movements (of all or by hour, of holders) -> movement_sums
blocks      for each way to states: states x held -> memberships -> groups; all groups -> blocks
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


def known_statement(what: str) -> bytes:
    """The ids and names (tags: the tags) that the asker may know of: owners, packages or tags."""
    return b"with " + _named("branch", statement("visible_companies")) + statement(f"known_{what}")


def movements_statement(source: str, of_package: bool, filtered: bool) -> bytes:
    """Movement sums by period and package; source: movements_of_all or movements_by_hour.

    Asked for one package, the source gives its fees; refills and use are those of its holders.
    filtered: whether not every customer passes.
    """
    parts = [_passing(), _named("counting", _of_passing("counting_transactions", filtered))]
    movements = statement(source)
    if of_package:
        parts.append(_named("held", _of_passing("held_packages", filtered)))
        movements += b"union all\n" + statement("movements_of_holders")
    parts.append(_named("movements", movements, "materialized"))
    return b"with " + b", ".join(parts) + statement("movement_sums")


def blocks_statement(ways: tuple[Way, ...], of_package: bool, by_package: bool, filtered: bool) -> bytes:
    """Client blocks by period and package, of the states that those ways together give.

    filtered: whether not every customer passes.
    """
    memberships = "memberships_of_everyone"
    if of_package and by_package:
        memberships = "memberships_of_holders_by_package"
    elif of_package or by_package:
        memberships = "memberships_of_holders"
    parts = [_passing(), _named("held", statement("held_packages"))]
    groups = b" union all ".join(_groups(way, statement(memberships), filtered) for way in ways)
    parts.append(_named("groups", groups, "materialized"))
    return b"with " + b", ".join(parts) + statement("blocks")


def _groups(way: Way, memberships: bytes, filtered: bool) -> bytes:
    """The groups of one way's states, counted against where the way is one of taking off."""
    sign = b"-" if way.is_taken_off else b""
    return (
        b"(with "
        + _named("customer_states", _of_passing(way.states, filtered))
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
    return _named("passing", statement("passing_customers"))


def _of_passing(name: str, filtered: bool) -> bytes:
    """The statement of that name, narrowed to the customers that pass where not every one does."""
    if not filtered:
        return statement(name)
    return b"with " + _named("unfiltered", statement(name)) + statement("of_passing")


def _named(name: str, text: bytes, kept: str = "not materialized") -> bytes:
    # Written out wherever it is read: a shared part would keep what reads it from running in parallel.
    return f"{name} as {kept} (\n".encode() + text + b")\n"
