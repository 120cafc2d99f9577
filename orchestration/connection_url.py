"""What one connection URL says, and the URL without its password; nothing here reads the environment.

SQLAlchemy's make_url is for URLs that passed: it refuses `h1:1,h2:2`, takes `p@ss@h` for the host `ss@h`,
99999 for a port and `%zz` as it is, and costs each command 0.24 s of imports.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

PIPELINE_ROLE = "subdyn_pipeline"
_ENCODE = "special characters of user and password must be %-encoded"
_AUTHORITY_END = re.compile(r"[/?#]")
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})|%00|[\x00-\x20\x7f#]")
_NOT_IN_LOGIN = re.compile(r":.*:|[^\x21-\x7e]|[\[\]\\]")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}


def checked_url(url: str, schemes: tuple[str, ...]) -> str:
    """The URL, scheme normalised; ValueError, which shows nothing of it, if no driver could take it apart.

    Every driver splits a URL in its own way where a password holds a reserved character, and then tells a
    piece of it as the host's name: such a URL goes no further than this.
    """
    scheme, separator, rest = url.strip().partition("://")
    scheme = _ALIASES.get(scheme.lower(), scheme.lower())
    expected = " or ".join(f"{known}://user@host:port/database" for known in schemes)
    if not separator or scheme not in schemes:
        raise ValueError(f"expected {expected}")
    require_encoded(rest)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        _hosts(parts.netloc.rpartition("@")[2], parts.query)
    except ValueError as error:
        message = str(error) if isinstance(error, _WrongHost) else f"the host cannot be read, or {_ENCODE}"
        raise ValueError(f"{message}; expected {expected}") from None
    if not parts.path.strip("/"):
        raise ValueError(f"the database is missing; expected {expected}")
    return urlunsplit(parts)


def require_encoded(rest: str) -> None:
    """Refuse, without showing it, the rest of a URL where user or password hold reserved characters."""
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    login, at, _ = authority.rpartition("@")
    if (
        _NOT_ENCODED.search(rest)
        or rest.count("@") > 1
        or ("@" in rest and not at)
        or _NOT_IN_LOGIN.search(login)
    ):
        raise ValueError(f"{_ENCODE} (@ as %40, % as %25, : as %3A, / as %2F, # as %23, ? as %3F)")


class _WrongHost(ValueError):
    """Says what is wrong with the hosts without showing them."""


def _hosts(hosts: str, query: str) -> None:
    """Refuse hosts without a name or with a port that is none; several may be given, separated by commas."""
    for host in hosts.split(","):
        match = _HOST.fullmatch(host)
        if match is None or not 0 < int(match["port"] or 1) < 65536:
            raise _WrongHost("the port is no number between 1 and 65535, or the host cannot be read")
        if not match["name"] and "host=" not in query:
            raise _WrongHost("the host is missing")


def without_password(url: str) -> str:
    """The URL as it may be shown: user, host, port and database, no password and no options."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"


def user_of(url: str) -> str | None:
    """The user a URL names, decoded; None where it names none."""
    name = urlsplit(url).username
    return unquote(name) if name else None


def as_pipeline(url: str) -> str:
    """A warehouse URL whose connections act as the pipeline's role, for every libpq-like driver."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    options = query.get("options", "")
    if f"role={PIPELINE_ROLE}" in options:
        return url
    query["options"] = f"{options} -c role={PIPELINE_ROLE}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def dbt_environment(warehouse_url: str) -> dict[str, str]:
    """The variables dbt's profile reads, taken from one warehouse URL."""
    known = {name: str(value) for name, value in conninfo_to_dict(warehouse_url).items()}
    environment = {
        "SUBDYN_DBT_HOST": known.get("host", "localhost"),
        "SUBDYN_DBT_PORT": known.get("port", "5432"),
        "SUBDYN_DBT_USER": known.get("user", "postgres"),
        "SUBDYN_DBT_PASSWORD": known.get("password", ""),
        "SUBDYN_DBT_DATABASE": known.get("dbname", "postgres"),
        "SUBDYN_DBT_ROLE": PIPELINE_ROLE,
    }
    if "sslmode" in known:
        environment["SUBDYN_DBT_SSLMODE"] = known["sslmode"]
    return environment
