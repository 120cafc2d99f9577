"""`subdyn connect`: what it prints leads into the warehouse, as a login that only reads."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from demo.servers import Endpoints, running_servers
from orchestration.cli.app import run
from orchestration.migrate import migrate


@pytest.fixture(scope="module")
def home(servers_folder: Path) -> Path:
    return servers_folder / "a home to connect to"


@pytest.fixture(scope="module")
def servers(home: Path) -> Iterator[Endpoints]:
    """The running servers of a home, its warehouse set up; a release without the login knew the home."""
    (home / "servers").mkdir(parents=True)
    known = {"admin": "a", "subdyn": "s", "operator": "o"}
    (home / "servers" / "credentials.json").write_text(json.dumps(known))
    with running_servers(home) as endpoints:
        migrate(endpoints.warehouse_admin_url, "subdyn")
        yield endpoints


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUBDYN_HOME", str(home))


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, str]:
    """What `subdyn connect` prints, by the first word of each line."""
    assert run(["connect", *options]) == 0
    lines = (line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    return dict(lines)


def test_an_embedded_warehouse_that_does_not_run_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path / "nothing here"))
    assert run(["connect"]) == 1
    assert capsys.readouterr().err.endswith("does not run: start `subdyn up`\n")
    assert not (tmp_path / "nothing here").exists()


def test_the_urls_of_the_embedded_warehouse_lead_to_a_login_that_only_reads(
    servers: Endpoints, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = printed(capsys, "--show-password")
    with psycopg.connect(message["psql"].removeprefix("psql ").strip("'")) as connection:
        assert connection.execute("select current_user, current_database()").fetchone() == (
            "subdyn_reader",
            "warehouse",
        )
        connection.execute("select * from closed.restatements")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from app.migrations")
    engine = sa.create_engine(message["SQLAlchemy"])
    with engine.connect() as connection:
        assert connection.execute(sa.text("select current_user")).scalar_one() == "subdyn_reader"
    engine.dispose()
    assert message["JDBC"].startswith("jdbc:postgresql://127.0.0.1:")
    assert f"user=subdyn_reader&password={message['password']}" in message["JDBC"]

    discreet = " ".join(printed(capsys).values())
    assert message["password"] not in discreet
    assert "--show-password" in discreet
    (noted,) = [
        path
        for path in home.rglob("*")
        if path.is_file() and message["password"].encode() in path.read_bytes()
    ]
    assert noted == home / "servers" / "credentials.json"
    assert noted.stat().st_mode & 0o077 == 0
    assert json.loads(noted.read_text()).items() > {"admin": "a", "subdyn": "s", "operator": "o"}.items()


def test_ones_own_warehouse_names_its_reading_login_or_the_lines_that_make_one(
    servers: Endpoints, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", f"{servers.warehouse_url}?sslmode=prefer")
    message = printed(capsys)
    assert message["psql"].startswith("psql 'postgresql://subdyn_reader@127.0.0.1:")
    assert message["SQLAlchemy"].endswith("/warehouse?sslmode=prefer")
    assert run(["connect", "--show-password"]) == 1
    assert capsys.readouterr().err.count("\n") == 1

    with psycopg.connect(servers.warehouse_admin_url, autocommit=True) as admin:
        admin.execute("drop role subdyn_reader")
        assert run(["connect"]) == 1
        remedy = capsys.readouterr().err.partition("must run ")[2]
        for statement in remedy.strip().rstrip(";").split("; "):
            admin.execute(statement.encode())
    assert printed(capsys) == message
