"""Why a server did not start, from what it wrote."""

import re

# PostgreSQL and its initdb; what follows such a line is its consequence
_POSTGRESQL = re.compile(r"(?:FATAL|PANIC|error):\s+(?P<reason>.+)")
_DETAIL = re.compile(r"(?:DETAIL|detail):\s+(?P<detail>.+)")
_PYTHON = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt)\b.*")
_OF_ONE_WHO_ASKED = ("the database system is", "password authentication failed")


def reason(log: str) -> str:
    """The first error of the log with its detail, on one line; all of a short log that names none.

    Knows the logs of PostgreSQL, initdb and Python programs.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        found = _POSTGRESQL.search(line)
        if found and not found["reason"].startswith(_OF_ONE_WHO_ASKED):
            detail = _DETAIL.search(lines[number + 1]) if number + 1 < len(lines) else None
            return f"{found['reason']} ({detail['detail']})" if detail else found["reason"]
    raised = [line for line in lines if _PYTHON.match(line)]
    if raised:
        return raised[-1]
    return " ".join(lines[-3:]) or "it wrote nothing"
