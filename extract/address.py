"""Where a source's URL leads: engine, hosts and database, without user, password and parameters."""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from extract.errors import ExtractionError, NeverRetry, Unreachable, of_connection

_ENGINES = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mysql+pymysql": "mysql",
    "mongodb": "mongodb",
    "mongodb+srv": "mongodb",
}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mongodb": 27017}
_LOCAL = {"localhost", "::1", ""}


@dataclass(frozen=True)
class Address:
    """An engine's name, the hosts with their ports in order, and the database.

    `is_listed` says that the hosts are what to connect to: not the name of a DNS list, not a socket's folder.
    """

    engine: str
    hosts: tuple[tuple[str, int], ...]
    database: str
    is_listed: bool

    @property
    def places(self) -> tuple[str, ...]:
        """Each host as `host:port`."""
        return tuple(f"{host}:{port}" for host, port in self.hosts)

    def leads_to(self, other: "Address") -> bool:
        """Whether both name the same database on a host they share."""
        return (self.engine, self.database) == (other.engine, other.database) and bool(
            set(self.places) & set(other.places)
        )

    def __str__(self) -> str:
        return f"{self.engine} {','.join(self.places)}/{self.database}"


def address_of(source: str, url: str) -> Address:
    """The address in a source's URL; NeverRetry where it has none of the forms that are known."""
    try:
        parts = urlsplit(url)
        engine = _ENGINES.get(parts.scheme)
        if engine is None:
            raise NeverRetry(
                f"{source}: the URL of the {source} database has to start with postgresql://, mysql://"
                " or mongodb://"
            )
        options = parse_qs(parts.query)
        folder = options.get("unix_socket", options.get("host", [""]))[-1]
        written = [folder] if folder else parts.netloc.rpartition("@")[2].split(",")
        hosts = tuple(sorted(_host(host, _PORTS[engine]) for host in written))
    except ValueError:
        raise NeverRetry(
            f"{source}: the URL of the {source} database is not of the form scheme://user@host:port/database"
        ) from None
    is_listed = not parts.scheme.endswith("+srv") and not folder
    return Address(engine, hosts, unquote(parts.path.strip("/")), is_listed)


async def require_listener(source: str, address: Address, seconds: float) -> None:
    """Has somebody take a connection at one of the hosts; Unreachable or NeverRetry says why nobody does."""
    if not address.is_listed:
        return
    failure: ExtractionError | None = None
    for host, port in address.hosts:
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        except TimeoutError:
            failure = Unreachable(
                f"{source}: nobody took a connection at {host}:{port} within {seconds:g} s"
                f" (the {source} database)"
            )
        except OSError as error:
            failure = of_connection(error, source, f"{source} database")
    if failure is not None:
        raise failure


def _host(written: str, default_port: int) -> tuple[str, int]:
    if written.startswith("/"):
        return written, default_port
    name, _, port = written.rpartition(":") if not written.endswith("]") else (written, "", "")
    if not name and not written.startswith(":"):
        name, port = port, ""
    name = name.strip("[]").lower()
    return "127.0.0.1" if name in _LOCAL else name, int(port or default_port)
