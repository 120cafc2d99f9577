"""A server that speaks MongoDB's wire protocol from the pip package nx-27017: one folder, one free port.

It keeps no Decimal128 and is not MongoDB; production is.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from demo import processes
from demo.errors import ServerFailed
from demo.server_logs import reason

START_SECONDS = 30.0
# it waits for clients that never leave; what it has answered is on disk by then
STOP_SECONDS = 2.0


class EmbeddedMongo:
    """One nx-27017 server in a folder: `data/` (a file per database), `mongo.log`, `mongo.pid`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._log = self._folder / "mongo.log"
        self._pid_file = self._folder / "mongo.pid"

    def url(self, port: int, database: str) -> str:
        """The URL of a database of this server."""
        return f"mongodb://127.0.0.1:{port}/{database}"

    def start(self, preferred_port: int | None = None) -> int:
        """Start the server; the port it listens on. Leftovers of a killed run are stopped and cleared away.

        Raises ServerFailed with the server's own reason.
        """
        self.stop()
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            for attempt in range(3):
                port = processes.free_port(preferred_port if attempt == 0 else None)
                if self._launch(port):
                    return port
            why = reason(self._log.read_text(errors="replace"))
        except OSError as error:
            raise ServerFailed(f"the MongoDB server could not be started: {error}") from error
        raise ServerFailed(f"the MongoDB server did not start: {why} (log: {self._log})")

    def is_running(self, port: int) -> bool:
        """Whether this folder's server runs and listens on the port."""
        return bool(self._processes()) and processes.port_answers(port)

    def stop(self) -> None:
        """Stop this folder's server, whoever started it; returns when no process of it is left."""
        processes.stop(self._processes(), gently=signal.SIGTERM, patience_seconds=STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def _processes(self) -> list[psutil.Process]:
        return processes.started_with("nx_27017.nx_27017", "--data-dir", str(self._data))

    def _launch(self, port: int) -> bool:
        command = [sys.executable, "-m", "nx_27017.nx_27017", "--host", "127.0.0.1", "--port", str(port)]
        # its own log file would repeat what it prints
        command += ["--data-dir", str(self._data), "--log-file", os.devnull]
        command += ["--pid-file", str(self._pid_file)]
        with self._log.open("wb") as log:
            server = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if server.poll() is not None:
                return False
            if processes.port_answers(port):
                return True
            time.sleep(0.05)
        self.stop()
        raise ServerFailed(
            f"the MongoDB server did not answer within {START_SECONDS:.0f} s (log: {self._log})"
        )
