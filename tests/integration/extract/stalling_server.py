"""A TCP server that takes connections and stops answering: at once, after a request, or after some bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class StallingServer:
    """Passes bytes on to a real server until it stalls; without one it never says a word."""

    def __init__(
        self, target: tuple[str, int] | None, request: bytes | None = None, after_bytes: int = 0
    ) -> None:
        self._target, self._request, self._left = target, request, after_bytes
        self._stalled = request is None and target is None
        self._is_asked = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._open.append(client)
                if self._target is None:
                    continue
                server = socket.create_connection(self._target)
                self._open.append(server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self._request is not None and self._request in data:
                    self._is_asked = True
                    self._stalled = self._left == 0
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(4096):
                if self._is_asked and self._left:
                    self._left -= min(len(data), self._left)
                    self._stalled = self._left == 0
                if not self._stalled:
                    client.sendall(data)


@contextmanager
def stalling(
    target: tuple[str, int] | None = None, request: bytes | None = None, after_bytes: int = 0
) -> Iterator[StallingServer]:
    """Such a server for the block: it stalls once `request` was asked and so many bytes were answered."""
    server = StallingServer(target, request, after_bytes)
    try:
        yield server
    finally:
        server.close()
