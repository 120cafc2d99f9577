"""`subdyn connect`: how BI tools, notebooks and psql reach the warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from orchestration.cli.exits import Failed
from orchestration.cli.terminal import write_line
from orchestration.settings import load_settings


@dataclass(frozen=True)
class Address:
    """Where the warehouse listens and who reads there; `password` is None where nobody told it."""

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(repr=False)
    options: dict[str, str] = field(default_factory=dict)

    def url(self, scheme: str, with_password: bool) -> str:
        """The URL that psql (scheme postgresql) and SQLAlchemy (postgresql+psycopg) take."""
        secret = f":{quote(self.password, safe='')}" if with_password and self.password is not None else ""
        options = f"?{urlencode(self.options, quote_via=quote)}" if self.options else ""
        login = quote(self.user, safe="")
        return f"{scheme}://{login}{secret}@{self._place}/{quote(self.database, safe='')}{options}"

    def jdbc(self, with_password: bool) -> str:
        """The URL that JDBC takes; its user and password are options."""
        options = {"user": self.user}
        if with_password and self.password is not None:
            options["password"] = self.password
        options |= self.options
        return (
            f"jdbc:postgresql://{self._place}/{quote(self.database, safe='')}"
            f"?{urlencode(options, quote_via=quote)}"
        )

    @property
    def _place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def connect(
    show_password: Annotated[
        bool, typer.Option("--show-password", help="Show the password, and write it into the URLs.")
    ] = False,
) -> None:
    """Print how psql, JDBC and SQLAlchemy reach the warehouse, with a login that reads marts and closed."""
    settings = load_settings()
    embedded = settings.warehouse_url is None
    address = _embedded(settings.home) if embedded else _own(settings.warehouse_login())
    if show_password and address.password is None:
        raise Failed(f"the password of {address.user} is known to whoever made that login, not to subdyn")
    write_line(f"psql        psql '{address.url('postgresql', show_password)}'")
    write_line(f"JDBC        {address.jdbc(show_password)}")
    write_line(f"SQLAlchemy  {address.url('postgresql+psycopg', show_password)}")
    write_line(f"user        {address.user}, reads the schemas marts and closed")
    if show_password:
        write_line(f"password    {address.password}")
    elif address.password is not None:
        write_line("password    subdyn connect --show-password")
    else:
        write_line("password    the one that login was made with")


def _embedded(home: Path) -> Address:
    """The embedded warehouse; Failed if it does not run."""
    import psycopg

    from demo.servers import running_endpoints

    endpoints = running_endpoints(home)
    if endpoints is None:
        raise Failed(f"the embedded warehouse of {home} does not run: start `subdyn up`")
    try:
        psycopg.connect(endpoints.warehouse_read_url, connect_timeout=10).close()
    except psycopg.OperationalError:
        # started by a release that knew no such login
        raise Failed("the running embedded warehouse has no reading login: restart `subdyn up`") from None
    known = _parts(endpoints.warehouse_read_url)
    return Address(known["host"], int(known["port"]), known["dbname"], known["user"], known["password"])


def _own(warehouse_login: str) -> Address:
    """One's own warehouse with a login that only reads; Failed, with the remedy, if it has none."""
    import psycopg

    from exports.snapshot import statement
    from orchestration.migrate import connected

    with connected(warehouse_login) as connection:
        try:
            row = connection.execute(statement("orchestration.sql", "reading_logins")).fetchone()
        except psycopg.errors.UndefinedObject:
            raise Failed("the warehouse is not set up yet: run `subdyn migrate`") from None
    if row is None:
        raise Failed(
            "the warehouse has no login that only reads: an administrator must run"
            " create role subdyn_reader login password '...'; grant bi_reader to subdyn_reader;"
        )
    known = _parts(warehouse_login)
    options = {name: value for name, value in known.items() if name.startswith("ssl")}
    host, port = known.get("host", "localhost"), int(known.get("port", "5432"))
    return Address(host, port, known["dbname"], row[0], None, options)


def _parts(url: str) -> dict[str, str]:
    from psycopg.conninfo import conninfo_to_dict

    return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
