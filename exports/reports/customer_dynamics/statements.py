"""The report's SQL, put together from the files beside this module: here and nowhere else.

movements   passing, held -> movements (of all / of the package asked for) -> movement_sums
blocks      passing, held -> states (walked / at ends) x members (none / of / by package) -> blocks
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

PACKAGE = "exports.reports.customer_dynamics"


@cache
def statement(name: str) -> bytes:
    """The text of the .sql file of that name beside this module."""
    return files(PACKAGE).joinpath(f"{name}.sql").read_bytes()


def movements_statement(of_package: bool) -> bytes:
    """Movement sums by period and package; of_package: a package is asked for."""
    source = "movements_of_package" if of_package else "movements_of_all"
    return b"\n".join(
        [
            _common_parts(with_held=of_package),
            b", movements as materialized (" + statement(source) + b")",
            statement("movement_sums"),
        ]
    )


def blocks_statement(walked: bool, of_package: bool, by_package: bool) -> bytes:
    """Client blocks by period and package; walked: one checkpoint and every change after it."""
    members = {
        (False, False): None,
        (True, False): "members_of_package",
        (False, True): "members_by_package",
        (True, True): "members_of_package_by_package",
    }[of_package, by_package]
    parts = [
        _common_parts(with_held=members is not None),
        b", customer_states as (" + statement("states_walked" if walked else "states_at_ends") + b")",
    ]
    if members is None:
        parts.append(b", memberships as (select null::bigint as package_id, * from customer_states)")
    else:
        joined = "memberships_of_holders" if of_package else "memberships_of_everyone"
        parts.append(b", members as (" + statement(members) + b")")
        parts.append(b", memberships as (" + statement(joined) + b")")
    parts.append(statement("blocks"))
    return b"\n".join(parts)


def _common_parts(with_held: bool) -> bytes:
    # the filter is written out where it is used: a shared scan would keep the rest from running in parallel
    passing = b"with passing as not materialized (" + statement("passing_customers") + b")"
    return passing + (b", held as materialized (" + statement("held_packages") + b")" if with_held else b"")
