"""Files of stored results: workbooks beside xlsxwriter, CSV beside `copy to`, a million rows, pictures.

`python -m benchmarks.report_files [--rows N]`

Each run is a process of its own; its peak memory is the whole process's. Rows are made as they are read.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import psycopg

from benchmarks.extract_setting import PSQL, Run, compare, postgresql, reported, timed
from benchmarks.report_files_run import Rows, report_columns
from exports.result import Kind

RUN = "report_files_run.py"
TYPES = {Kind.MONTH: "date", Kind.TEXT: "text", Kind.COUNT: "bigint"}
XLSX_LIMIT, CSV_LIMIT = 2.2, 2.0  # times the peer's seconds
XLSX_MEMORY_LIMIT, MILLION_MEMORY_LIMIT = 100.0, 300.0  # MB
PICTURE_LIMIT = 1.0  # seconds
MILLION = 1_000_000


def main(arguments: list[str]) -> int:
    """Print each figure beside its limit; 1 if one was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_files")
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory(prefix="subdyn-bench-") as folder:
        verdicts = [*_workbook(rows, Path(folder)), *_csv(rows, Path(folder)), *_million(Path(folder))]
        picture = reported(RUN, "png", "0", f"{folder}/x.png")
        verdicts.append(_is_met("PNG, slowest after the first", picture.seconds, PICTURE_LIMIT, "s"))
    print(f"\n{verdicts.count(False)} of {len(verdicts)} limits missed")
    return 0 if all(verdicts) else 1


def _workbook(rows: int, folder: Path) -> list[bool]:
    found = compare(
        f"XLSX, {rows:,} x 20",
        {
            "xlsxwriter": lambda: reported(RUN, "xlsxwriter", str(rows), f"{folder}/x.xlsx"),
            "ours": lambda: reported(RUN, "xlsx", str(rows), f"{folder}/ours.xlsx"),
        },
    )
    return [
        _is_met("  times xlsxwriter's", found["ours"].seconds / found["xlsxwriter"].seconds, XLSX_LIMIT, "x"),
        _is_met("  peak", found["ours"].peak_mb or 0, XLSX_MEMORY_LIMIT, "MB"),
    ]


def _csv(rows: int, folder: Path) -> list[bool]:
    with postgresql() as server:
        url = server.database("files")
        _fill(url, rows)
        command = f"\\copy (select * from result) to '{folder}/copied.csv' with (format csv, header)"
        found = compare(
            f"CSV, {rows:,} x 20",
            {
                "copy to": lambda: timed([str(PSQL), "-q", "-d", url, "-c", command]),
                "ours": lambda: reported(RUN, "csv", str(rows), f"{folder}/ours.csv"),
            },
        )
    return [_is_met("  times copy's", found["ours"].seconds / found["copy to"].seconds, CSV_LIMIT, "x")]


def _fill(url: str, rows: int) -> None:
    columns = report_columns()
    types = ", ".join(f'"{c.label}" {TYPES.get(c.kind, "numeric(24,4)")}' for c in columns)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create table result ({types})".encode())
        with connection.cursor() as cursor, cursor.copy("copy result from stdin") as copy:
            for row in Rows(rows):
                copy.write_row(row)
        connection.execute("vacuum analyze result")


def _million(folder: Path) -> list[bool]:
    print(f"\n{MILLION:,} rows x 20")
    verdicts = []
    for name in ("csv", "xlsx", "parquet"):
        run: Run = reported(RUN, name, str(MILLION), f"{folder}/million.{name}")
        verdicts.append(
            _is_met(f"  {name} in {run.seconds:.1f} s, peak", run.peak_mb or 0, MILLION_MEMORY_LIMIT, "MB")
        )
    return verdicts


def _is_met(what: str, found: float, limit: float, unit: str) -> bool:
    kept = found <= limit
    print(f"{what:<34}{found:8.2f} {unit} (at most {limit:g})  {'ok' if kept else 'MISSED'}", flush=True)
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
