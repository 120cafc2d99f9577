"""Runs every benchmark of this folder, or those named: `python -m benchmarks [name]...`.

A benchmark is a module that compares; the parts are what it shares, or runs in processes of their own.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
PARTS = {
    "__init__",
    "__main__",
    "customer_installation",
    "customer_questions",
    "extract_setting",
    "extract_run",
    "extract_peer",
    "report_files_run",
    "subscriber_peer",
}


def main(names: list[str]) -> int:
    """Each benchmark in a process of its own; how many of them failed."""
    failed = 0
    for name in names or sorted({path.stem for path in FOLDER.glob("*.py")} - PARTS):
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        failed += subprocess.run(command, cwd=FOLDER.parent, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
