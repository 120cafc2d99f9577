"""A full disk is told in one line: which folder, and what to do."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from orchestration.settings import Settings
from tests.conftest import PostgresServer
from tests.support.installation import AS_OF, OperatorUrls, open_installation, subdyn

LEFT_BYTES = 200_000
Disk = Callable[[Path, str], Path]


@pytest.fixture
def small_disk() -> Iterator[Disk]:
    """Mounts a disk of a size (as mount has it) at a folder; who may not mount cannot run the test."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> Path:
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root may mount a small disk")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def failed_run(settings: Settings) -> str:
    """The last line of a run that is expected to fail."""
    run = subdyn(settings, "run", "hourly", "--as-of", AS_OF.isoformat())
    _, message = run.communicate(timeout=500)
    assert run.returncode == 1, message
    assert "Traceback" not in message
    assert "unexpected" not in message
    return message.splitlines()[-1]


def test_a_full_disk_of_dagsters_home_is_named(
    fresh_database: str, home: Path, operator: OperatorUrls, small_disk: Disk
) -> None:
    settings = open_installation(home, fresh_database, operator, billing_url="", middleware_url="")
    folder = small_disk(settings.dagster_home, "128k")
    message = failed_run(settings)
    assert message.startswith(f"subdyn: {folder} cannot be written (")
    assert "MB free): make room on its disk" in message


def test_a_full_disk_of_the_warehouse_is_named(
    postgres_server: PostgresServer,
    servers_folder: Path,
    home: Path,
    operator: OperatorUrls,
    small_disk: Disk,
) -> None:
    folder = small_disk(servers_folder / "small", "20m")
    with psycopg.connect(postgres_server.url, autocommit=True) as server:
        row = server.execute("show data_directory").fetchone()
        assert row is not None
        owner = Path(row[0]).stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        server.execute(sql.SQL("create tablespace small location {}").format(sql.Literal(str(folder))))
        server.execute("create database test_full_disk tablespace small")
    try:
        url = postgres_server.database_url("test_full_disk")
        settings = open_installation(home, url, operator, platform_url="", middleware_url="")
        (folder / "something else").write_bytes(bytes(shutil.disk_usage(folder).free - LEFT_BYTES))
        message = failed_run(settings)
        assert "the disk of the warehouse is full; make room in its server's data folder" in message
        assert "No space left on device" in message
    finally:
        postgres_server.drop_database("test_full_disk")
        with psycopg.connect(postgres_server.url, autocommit=True) as server:
            server.execute("drop tablespace small")
