"""The embedded servers of a home: anywhere, shared, stopped, and healed after a killed run."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pymongo
import pytest

from demo import processes
from demo.errors import DemoError, ServerFailed
from demo.servers import Endpoints, running_servers

PROJECT = Path(__file__).parents[2]
USE_SERVERS = """
import sys
from pathlib import Path
from demo.servers import running_servers
with running_servers(Path(sys.argv[1])) as endpoints:
    print(endpoints.warehouse_url, endpoints.middleware_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def home(servers_folder: Path) -> Path:
    """A home whose path has spaces and leads through a folder that only its owner may enter."""
    closed = servers_folder / "closed folder"
    closed.mkdir(mode=0o700)
    return closed / "my home"


@contextmanager
def another_command(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses the servers of a home until its input ends."""
    command = subprocess.Popen(
        [sys.executable, "-c", USE_SERVERS, str(home)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield command
    finally:
        command.communicate(timeout=60)


def started_urls(command: "subprocess.Popen[str]") -> list[str]:
    assert command.stdout is not None
    return command.stdout.readline().split()


def server_processes(home: Path) -> int:
    postgres = processes.working_in(home / "postgres" / "data", "postgres")
    return len(postgres) + len(processes.started_with("--data-dir", str(home / "mongo" / "data")))


def documents(endpoints: Endpoints) -> int:
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(endpoints.middleware_url)
    with client:
        notes = client.get_default_database()["notes"]
        notes.insert_one({"seen": True})
        return notes.count_documents({})


def test_servers_answer_in_any_folder_and_are_gone_afterwards(home: Path) -> None:
    with running_servers(home) as endpoints:
        for url in (endpoints.warehouse_url, endpoints.billing_url, endpoints.platform_url):
            with psycopg.connect(url) as connection:
                row = connection.execute(
                    "select rolsuper, version() from pg_roles where rolname = current_user"
                ).fetchone()
            assert row is not None
            assert row[0] is False
            assert row[1].startswith("PostgreSQL 18")
        with psycopg.connect(endpoints.warehouse_url) as connection:
            connection.execute("set role subdyn_pipeline")
        assert documents(endpoints) == 1
        assert server_processes(home) > 1
    assert server_processes(home) == 0


def test_data_outlives_the_command_that_wrote_it(home: Path) -> None:
    with running_servers(home) as endpoints, psycopg.connect(endpoints.warehouse_admin_url) as connection:
        connection.execute("create table if not exists kept (note text)")
        connection.execute("insert into kept values ('still here')")
    with running_servers(home) as endpoints, psycopg.connect(endpoints.warehouse_admin_url) as connection:
        assert connection.execute("select note from kept limit 1").fetchone() == ("still here",)


def test_commands_share_servers_and_the_last_one_to_leave_stops_them(home: Path) -> None:
    with another_command(home) as other:
        others_urls = started_urls(other)
        with running_servers(home) as endpoints:
            assert [endpoints.warehouse_url, endpoints.middleware_url] == others_urls
        assert server_processes(home) > 1, "leaving must not stop servers that another command uses"
        with running_servers(home) as endpoints:
            other.communicate(timeout=60)
            psycopg.connect(endpoints.warehouse_url).close()
    assert server_processes(home) == 0


def test_commands_that_start_at_once_on_an_empty_home_agree(servers_folder: Path) -> None:
    empty = servers_folder / "race"
    with another_command(empty) as one, another_command(empty) as two:
        assert started_urls(one) == started_urls(two)
    assert server_processes(empty) == 0


@pytest.mark.parametrize("postmaster_too", [False, True], ids=["command killed", "server killed as well"])
def test_the_leftovers_of_a_killed_run_do_not_block_the_next(home: Path, postmaster_too: bool) -> None:
    with another_command(home) as other:
        started_urls(other)
        other.kill()
    assert server_processes(home) > 1
    if postmaster_too:
        postmaster = (home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(postmaster), signal.SIGKILL)
    with running_servers(home) as endpoints:
        psycopg.connect(endpoints.warehouse_url).close()
        documents(endpoints)
    assert server_processes(home) == 0


def test_a_stale_pid_file_of_a_living_stranger_is_no_obstacle(home: Path) -> None:
    with running_servers(home):
        content = (home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()
    content[0] = str(os.getpid())
    (home / "postgres" / "data" / "postmaster.pid").write_text("\n".join(content) + "\n")
    (home / "mongo" / "mongo.pid").write_text(str(os.getpid()))
    with running_servers(home) as endpoints:
        psycopg.connect(endpoints.warehouse_url).close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_command_stops_its_servers(home: Path, number: signal.Signals) -> None:
    with another_command(home) as other:
        started_urls(other)
        other.send_signal(number)
        assert other.wait(timeout=60) != 0
    assert server_processes(home) == 0


def test_an_error_in_the_block_stops_the_servers_and_is_told(home: Path) -> None:
    with pytest.raises(ValueError, match="broken"), running_servers(home):
        raise ValueError("broken")
    assert server_processes(home) == 0


def test_passwords_are_readable_by_their_owner_only(home: Path) -> None:
    with running_servers(home) as endpoints:
        passwords = json.loads((home / "servers" / "credentials.json").read_text())
        assert not any(password in repr(endpoints) for password in passwords.values())
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(endpoints.warehouse_url.replace(passwords["subdyn"], "guessed"))
    assert (home / "servers" / "credentials.json").stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_had_is_one_line_that_says_so(servers_folder: Path) -> None:
    in_the_way = servers_folder / "a file"
    in_the_way.write_text("")
    with pytest.raises(DemoError, match="SUBDYN_HOME") as message, running_servers(in_the_way):
        pass
    assert "\n" not in str(message.value)


def test_a_full_disk_is_told_in_the_words_of_initdb(servers_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", "migrate"],
        cwd=PROJECT,
        env={**os.environ, "SUBDYN_HOME": str(servers_folder / "home on a full disk")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("subdyn: PostgreSQL could not make its data folder")
    assert "could not write to file" in line
    assert line.endswith("File too large")


def test_a_postgresql_that_does_not_start_is_told_in_its_own_words(home: Path) -> None:
    with running_servers(home):
        pass
    data = home / "postgres" / "data"
    data.chmod(0o777)
    try:
        with pytest.raises(ServerFailed, match=r"invalid permissions .*u=rwx"), running_servers(home):
            pass
    finally:
        data.chmod(0o700)


def test_a_mongodb_server_that_does_not_start_is_told_in_its_own_words(servers_folder: Path) -> None:
    starting = (
        "import resource, sys; from pathlib import Path; from demo.embedded_mongo import EmbeddedMongo;"
        " resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12)); EmbeddedMongo(Path(sys.argv[1])).start()"
    )
    done = subprocess.run(
        [sys.executable, "-c", starting, str(servers_folder / "too few files")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("demo.errors.ServerFailed: the MongoDB server did not start: ")
    assert "Too many open files" in line


def test_data_of_another_postgresql_is_refused_and_kept(servers_folder: Path) -> None:
    old = servers_folder / "old home"
    (old / "postgres" / "data").mkdir(parents=True)
    (old / "postgres" / "data" / "PG_VERSION").write_text("15\n")
    with pytest.raises(DemoError, match="PostgreSQL 15"), running_servers(old):
        pass
    assert (old / "postgres" / "data" / "PG_VERSION").exists()
