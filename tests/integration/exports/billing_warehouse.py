"""A warehouse whose raw billing tables are filled by plain SQL as extraction would, and built by dbt."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from dbt.cli.main import dbtRunner
from psycopg import sql

from orchestration.connection_url import as_pipeline, dbt_environment
from orchestration.migrate import migrate

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
VARIABLES = {"sources": ["billing"]}
META = "_load_id bigint not null, _extracted_at timestamptz not null, _deleted_at timestamptz"
MOMENTS = "created_at timestamptz not null, updated_at timestamptz not null"
TABLES = {
    "companies": (
        "id",
        "id bigint, parent_id bigint, name text, time_zone text, currency text,"
        f" {MOMENTS}, deleted_at timestamptz",
    ),
    "users": (
        "id",
        f"id bigint, company_id bigint, login text, name text, {MOMENTS}, deleted_at timestamptz",
    ),
    "customers": (
        "id",
        "id bigint, company_id bigint, owner_user_id bigint, name text, type text, currency text,"
        f" balance numeric(20, 6), {MOMENTS}, deleted_at timestamptz",
    ),
    "customer_tags": ("customer_id, tag", "customer_id bigint, tag text"),
    "accounts": (
        "id",
        "id bigint, customer_id bigint, login text, active boolean, activated_at timestamptz,"
        f" deactivated_at timestamptz, {MOMENTS}, deleted_at timestamptz",
    ),
    "packages": (
        "id",
        "id bigint, company_id bigint, name text, activation_fee numeric(20, 6),"
        f" subscription_fee numeric(20, 6), currency text, period_months integer,"
        f" {MOMENTS}, deleted_at timestamptz",
    ),
    "subscriptions": (
        "id",
        "id bigint, customer_id bigint, account_id bigint, package_id bigint, activated_at timestamptz,"
        f" stopped_at timestamptz, {MOMENTS}",
    ),
    "transactions": (
        "id",
        "id bigint, customer_id bigint, kind text, amount numeric(20, 6), currency text, package_id bigint,"
        " subscription_id bigint, source text, gateway text, note text, created_at timestamptz not null,"
        " confirmed_at timestamptz, updated_at timestamptz not null, deleted_at timestamptz",
    ),
    "exchange_rates": (
        "base_currency, currency, rate_date",
        "base_currency text, currency text, rate_date date, rate numeric(20, 10), updated_at timestamptz",
    ),
}
ROW_BY_ROW = [
    "dim_account",
    "dim_company",
    "dim_customer",
    "dim_owner",
    "dim_package",
    "fct_customer_history",
    "fct_customer_month_start",
    "fct_customer_packages",
    "fct_exchange_rates",
    "fct_hourly_movements",
    "fct_package_events",
    "fct_package_holdings",
    "fct_transactions",
    "fct_transactions_rejected",
]
FUNCTIONS = ["exchange_rate", "filtered_customers", "local_day_start", "months_before"]
READ_BY_THE_REPORT = [f"+{name}" for name in ["int_billing_built_through", "data_through", *FUNCTIONS]]
Tables = Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]


@dataclass
class BillingWarehouse:
    """A migrated database; `url` connects as the pipeline. Builds reuse one parsed project."""

    admin_url: str
    target: Path
    url: str = ""
    _manifest: Any = None
    _load_id: int = 0
    _loaded: dict[str, dict[tuple[Any, ...], Mapping[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        migrate(self.admin_url)
        self.url = as_pipeline(self.admin_url)

    def empty(self) -> None:
        """Forget everything extracted and built."""
        self._loaded = {}
        with psycopg.connect(self.url, autocommit=True) as connection:
            self._drop(connection, ("marts", "intermediate", "staging", "raw_billing"))
            connection.execute("create schema raw_billing")
            for name, (key, columns) in TABLES.items():
                connection.execute(
                    f"create table raw_billing.{name} ({columns}, {META}, primary key ({key}))".encode()
                )
                connection.execute(f"create index on raw_billing.{name} (_load_id)".encode())
            connection.execute(
                "create table raw_billing.watermarks"
                " (table_name text primary key, cursor_value text, load_id bigint, as_of timestamptz)"
            )
            connection.execute(
                "create table raw_billing.load_log (load_id bigint primary key, table_name text, kind text,"
                " as_of timestamptz)"
            )

    def forget_builds(self) -> None:
        """Drop what dbt made; what was extracted stays."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            self._drop(connection, ("marts", "intermediate", "staging"))

    def load(self, tables: Tables, as_of: datetime) -> None:
        """Bring the raw tables to those rows: what differs is written, what vanished is marked."""
        with psycopg.connect(self.url) as connection:
            for name, (key, _) in TABLES.items():
                self._load_id += 1
                connection.execute(
                    "insert into raw_billing.load_log values (%s, %s, 'changes', %s)",
                    (self._load_id, name, as_of),
                )
                self._load_table(connection, name, key, tables.get(name, {}), as_of)
                connection.execute(
                    "insert into raw_billing.watermarks values (%s, null, %s, %s) on conflict (table_name)"
                    " do update set load_id = excluded.load_id, as_of = excluded.as_of",
                    (name, self._load_id, as_of),
                )

    def build(self, *also: str, **variables: str) -> None:
        """Run the models and functions that the report reads and those selected besides, incrementally."""
        common = [
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(self.target),
        ]
        common += ["--log-path", str(self.target), "--log-level", "none"]
        common += ["--vars", json.dumps(VARIABLES | variables)]
        os.environ.update(dbt_environment(self.admin_url))
        if self._manifest is None:
            parsed = dbtRunner().invoke(["parse", *common, "--no-partial-parse"])
            assert parsed.success, parsed.exception
            self._manifest = parsed.result
        built = dbtRunner(manifest=self._manifest).invoke(
            [
                "build",
                *common,
                "--exclude-resource-type",
                "test",
                "--exclude-resource-type",
                "unit_test",
                "--select",
                *READ_BY_THE_REPORT,
                *also,
            ]
        )
        failures = [run.message for run in getattr(built.result, "results", []) if run.status == "error"]
        assert built.success, failures or built.exception

    def marts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that the report reads, in order."""
        with psycopg.connect(self.url) as connection:
            return {
                name: sorted(connection.execute(f"select * from marts.{name}".encode()), key=repr)
                for name in ROW_BY_ROW
            }

    def _load_table(
        self,
        connection: psycopg.Connection[Any],
        name: str,
        key: str,
        rows: Mapping[tuple[Any, ...], Mapping[str, Any]],
        as_of: datetime,
    ) -> None:
        known = self._loaded.setdefault(name, {})
        stamp = {"_load_id": self._load_id, "_extracted_at": as_of}
        if name != "customer_tags":
            stamp["updated_at"] = as_of
        moved = [{**row, **stamp} for row_key, row in rows.items() if known.get(row_key) != row]
        if moved:
            with connection.cursor() as cursor:
                cursor.executemany(_upsert(name, key, moved[0]), moved)
        for row_key in [row_key for row_key in known if row_key not in rows]:
            where = sql.SQL(" and ").join(
                sql.SQL("{} = {}").format(sql.Identifier(column.strip()), sql.Literal(value))
                for column, value in zip(key.split(","), row_key, strict=True)
            )
            connection.execute(
                sql.SQL("update raw_billing.{} set _deleted_at = %s, _load_id = %s where {}").format(
                    sql.Identifier(name), where
                ),
                (as_of, self._load_id),
            )
        self._loaded[name] = dict(rows)

    @staticmethod
    def _drop(connection: psycopg.Connection[Any], schemas: tuple[str, ...]) -> None:
        for schema in schemas:
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))


def _upsert(name: str, key: str, row: Mapping[str, Any]) -> sql.Composed:
    return sql.SQL(
        "insert into raw_billing.{table} ({columns}) values ({values})"
        " on conflict ({key}) do update set {changes}, _deleted_at = null"
    ).format(
        table=sql.Identifier(name),
        columns=sql.SQL(", ").join(map(sql.Identifier, row)),
        values=sql.SQL(", ").join(map(sql.Placeholder, row)),
        key=sql.SQL(", ").join(sql.Identifier(column.strip()) for column in key.split(",")),
        changes=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in row),
    )
