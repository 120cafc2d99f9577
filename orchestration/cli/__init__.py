"""The command line: a thin door to the jobs, the reports and the checks."""

import sys


def main() -> None:
    """What `subdyn` starts: runs one command and ends with its exit code."""
    from orchestration.cli.app import run

    sys.exit(run(sys.argv[1:]))
