"""An installation after its nightly run, made once: all tests of this folder run in one worker."""

import secrets
import shutil
import signal
import socket
import urllib.error
from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from orchestration.settings import Settings
from tests.support.dagster_ui import Ui
from tests.support.installation import AS_OF, OperatorUrls, open_installation, subdyn, wait_for
from tests.support.servers import PostgresServer


@pytest.fixture(scope="session")
def nightly_installation(
    postgres_server: PostgresServer, operator: OperatorUrls, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """As the demo leaves an installation: past months closed, then a nightly run; read only."""
    from orchestration.headless import run_job

    name = f"e2e_warehouse_{secrets.token_hex(4)}"
    home = tmp_path_factory.mktemp("a home with spaces")
    settings = open_installation(home, postgres_server.create_database(name), operator)
    assert run_job(settings, "monthly_close", AS_OF).failures == ()
    seen: set[str] = set()
    outcome = run_job(settings, "nightly", AS_OF, on_event=lambda event: seen.add(event.event_type_value))
    assert outcome.failures == ()
    # What the terminal shows of a run lives on these.
    assert {"STEP_START", "ASSET_MATERIALIZATION", "STEP_SUCCESS"} <= seen
    yield settings
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def ui_installation(
    nightly_installation: Settings, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A copy of the installation, with its runs and its warehouse, that may be changed."""
    name = f"e2e_ui_{secrets.token_hex(4)}"
    original = nightly_installation.warehouse_login().rpartition("/")[2]
    url = postgres_server.copy_database(original, name)
    home = tmp_path_factory.mktemp("the UI") / "home"
    shutil.copytree(nightly_installation.home, home)
    yield nightly_installation.model_copy(
        update={
            "home": home,
            "warehouse_url": SecretStr(url),
            # no schedule starts a run of its own
            "embedded": True,
        }
    )
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def ui(ui_installation: Settings) -> Iterator[Ui]:
    """`subdyn up` in that installation, ready to answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    log = ui_installation.home / "up.log"
    with log.open("w") as output:
        started = subdyn(ui_installation, "up", "--port", str(port), output=output)
    found = Ui(f"http://127.0.0.1:{port}")

    def is_ready() -> bool:
        assert started.poll() is None, log.read_text()
        try:
            return bool(
                found.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
            )
        except urllib.error.URLError:
            return False

    try:
        wait_for(is_ready)
        yield found
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=120)
