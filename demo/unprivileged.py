"""Whom PostgreSQL runs as: it refuses root, so under root it runs as an unprivileged system user.

The server then keeps the group root, so that a closed folder on the way (such as /root) needs to be opened
for that group only, never for everybody.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from demo.errors import DemoError

UNPRIVILEGED_USER = "nobody"


class ProcessOwner(TypedDict, total=False):
    """Arguments of subprocess.Popen that hand a process to its owner; empty for one's own."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServerOwner:
    """The system user and group of a server process, or None for whoever runs the command."""

    user_id: int | None
    group_id: int | None

    def process_arguments(self) -> ProcessOwner:
        """What subprocess needs to start a process as this owner."""
        if self.user_id is None or self.group_id is None:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": []}

    def take_over(self, path: Path) -> None:
        """Give a new file or folder to this owner."""
        if self.user_id is not None and self.group_id is not None:
            os.chown(path, self.user_id, self.group_id)

    def open_the_way(self, folder: Path) -> None:
        """Let this owner pass through every folder that leads to this one, and no further than that."""
        if self.user_id is None:
            return
        for step in (folder, *folder.parents):
            self._grant(step, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH)

    def open_the_tree(self, folder: Path) -> None:
        """Let this owner read the programs in a folder; files that everybody reads stay as they are."""
        self.open_the_way(folder)
        if self.user_id is None or self._may_read(folder):
            return
        for path in folder.rglob("*"):
            if path.is_symlink():
                continue
            self._grant(path, stat.S_IRUSR, stat.S_IRGRP, stat.S_IROTH)
            if path.is_dir() or path.stat().st_mode & stat.S_IXUSR:
                self._grant(path, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH)
        self._grant(folder, stat.S_IRUSR, stat.S_IRGRP, stat.S_IROTH)

    def _may_read(self, folder: Path) -> bool:
        status = folder.stat()
        return bool(status.st_mode & stat.S_IROTH) or (
            status.st_gid == self.group_id and bool(status.st_mode & stat.S_IRGRP)
        )

    def _grant(self, path: Path, for_user: int, for_group: int, for_others: int) -> None:
        status = path.stat()
        if status.st_uid == self.user_id:
            missing = for_user
        elif status.st_gid == self.group_id:
            missing = for_group
        else:
            missing = for_others
        if not status.st_mode & missing:
            path.chmod(stat.S_IMODE(status.st_mode) | missing)


def server_owner(data: Path) -> ServerOwner:
    """Who runs the server of a data folder: its owner where it exists, else an unprivileged user under root.

    Raises DemoError when the data belongs to somebody else and the command does not run as root.
    """
    mine = os.geteuid()
    owner = data.stat().st_uid if data.exists() else mine
    if mine != 0:
        if owner != mine:
            raise DemoError(
                f"{data} belongs to another user: run as that user, or set SUBDYN_HOME to a folder of yours"
            )
        return ServerOwner(None, None)
    if owner == 0:
        try:
            owner = pwd.getpwnam(UNPRIVILEGED_USER).pw_uid
        except KeyError:
            raise DemoError(
                f"PostgreSQL does not run as root and there is no user {UNPRIVILEGED_USER}:"
                " run as an ordinary user"
            ) from None
    return ServerOwner(owner, 0)
