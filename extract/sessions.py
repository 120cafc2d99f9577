"""How sessions of this process are named on a server; apart, for commands that extract nothing."""

import os


def application_name(subject: str) -> str:
    """The name of a session of this process, which works at `subject`."""
    return f"subdyn {os.getpid()} {subject}"
