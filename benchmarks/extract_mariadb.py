"""MariaDB to the raw schema against `mariadb | psql` and dlt: 1,000,000 rows of 8 columns."""

import shutil
import sys
import tempfile
from urllib.parse import urlsplit

import pymysql

from benchmarks.extract_postgresql import COLUMNS
from benchmarks.extract_setting import (
    MYSQL_URL,
    PSQL,
    Run,
    compare,
    execute,
    peer_python,
    postgresql,
    reported,
    timed,
)

DATABASE = "subdyn_bench"


def main(rows: int = 1_000_000) -> None:
    """Prints the comparison; the limit is 2.5 x the pipe."""
    client = shutil.which("mariadb") or shutil.which("mysql")
    if client is None:
        print("MariaDB: no client program on this machine, left out")
        return
    peer = peer_python()
    parts = urlsplit(MYSQL_URL)
    place = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 3306,
        "user": parts.username or "root",
    }
    source = f"{MYSQL_URL}/{DATABASE}"
    login = f"-h{place['host']} -P{place['port']} -u{place['user']}"
    home = tempfile.mkdtemp(prefix="subdyn-bench-peer-")
    with (
        pymysql.connect(**place, password=parts.password or "", autocommit=True) as connection,
        postgresql() as server,
    ):
        cursor = connection.cursor()
        cursor.execute(f"create or replace database {DATABASE} character set utf8mb4")
        cursor.execute(
            f"create table {DATABASE}.transactions (id bigint primary key, customer_id bigint not null,"
            " kind varchar(32) not null, amount decimal(20,6) not null, currency char(3) not null, note text,"
            " created_at datetime(6) not null, updated_at datetime(6) not null, key (updated_at))"
        )
        cursor.execute(
            f"insert into {DATABASE}.transactions select seq, seq % 200000, 'service_charge',"
            f" -(seq % 1000) / 7, 'USD', concat('note ', seq),"
            " '2026-01-01' + interval seq second, '2026-01-01' + interval seq second"
            f" from {DATABASE}.seq_1_to_{rows}"
        )
        warehouse = server.database("warehouse")

        def pipe() -> Run:
            execute(warehouse, "drop table if exists piped", f"create table piped ({COLUMNS})")
            return timed(
                f"{client} {login} --quick -N -B -e 'select * from transactions' {DATABASE}"
                f" | '{PSQL}' -d '{warehouse}' -c 'copy piped from stdin'",
                MYSQL_PWD=parts.password or "",
            )

        def ours() -> Run:
            execute(warehouse, "drop schema if exists raw_bench cascade")
            return reported("extract_run.py", source, warehouse)

        def theirs() -> Run:
            execute(warehouse, "drop schema if exists peer cascade")
            shutil.rmtree(home)
            url = source.replace("mysql://", "mysql+pymysql://", 1)
            return reported("extract_peer.py", url, warehouse, "replace", home, python=peer or "")

        try:
            runs = {"mariadb | psql": pipe, "this project": ours}
            compare(f"MariaDB, {rows:,} rows, first load", runs | ({"dlt": theirs} if peer else {}), 2)
        finally:
            cursor.execute(f"drop database {DATABASE}")
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
