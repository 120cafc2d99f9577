"""What one connection URL says, and the URL without its password; nothing here reads the environment."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

PIPELINE_ROLE = "subdyn_pipeline"
_ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}


def checked_url(url: str, schemes: tuple[str, ...]) -> str:
    """The URL, scheme normalised; ValueError, which never shows a password, if it is none of `schemes`."""
    scheme, separator, rest = url.strip().partition("://")
    scheme = _ALIASES.get(scheme.lower(), scheme.lower())
    expected = " or ".join(f"{known}://user@host:port/database" for known in schemes)
    if not separator or scheme not in schemes:
        raise ValueError(f"expected {expected}")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        _ = parts.port
    except ValueError:
        raise ValueError(
            f"the port is no number (write special characters of a password %-encoded); expected {expected}"
        ) from None
    if not parts.hostname and "host=" not in parts.query:
        raise ValueError(f"the host is missing; expected {expected}")
    if not parts.path.strip("/"):
        raise ValueError(f"the database is missing; expected {expected}")
    return urlunsplit(parts)


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
