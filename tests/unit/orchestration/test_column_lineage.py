"""What sqlglot reads of the SQL that dbt compiled, and what it cannot read."""

import logging
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestration.column_lineage import ColumnLineage, columns_read

PAYMENTS, RATES = ("marts", "payments"), ("marts", "rates")
COLUMNS = {PAYMENTS: ["payment_id", "amount", "currency"], RATES: ["currency", "rate"]}


def test_a_column_is_followed_through_what_the_query_names_to_its_parents() -> None:
    found = columns_read(
        """
        with converted as (
            select payments.*, payments.amount * rates.rate as reporting_amount
            from "warehouse"."marts"."payments" as payments
            left join "warehouse"."marts"."rates" as rates on payments.currency = rates.currency
        )
        select amount, reporting_amount, 1 as one from converted
        """,
        COLUMNS,
    )
    assert found == {
        "amount": [(PAYMENTS, "amount")],
        "reporting_amount": [(PAYMENTS, "amount"), (RATES, "rate")],
        "one": [],
    }


def test_a_list_of_no_columns_is_read() -> None:
    found = columns_read(
        """
        select amount from marts.payments as paid
        where exists (select from marts.rates as known where known.currency = paid.currency)
        """,
        COLUMNS,
    )
    assert found == {"amount": [(PAYMENTS, "amount")]}


def test_what_cannot_be_read_has_no_lineage_and_nobody_is_told(
    tmp_path: Path, postgres_server: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    node = {
        "unique_id": "model.installation.odd",
        "name": "odd",
        "schema": "marts",
        "alias": "odd",
        "resource_type": "model",
        "depends_on": {"nodes": []},
    }
    manifest = {"nodes": {node["unique_id"]: node}, "sources": {}}
    with psycopg.connect(postgres_server.url) as connection:
        lineage = ColumnLineage(tmp_path, manifest, connection)
        compiled = tmp_path / "odd.sql"
        compiled.write_text("select ) from (")
        assert lineage.metadata(node, compiled) == {}
        lineage.keep()
        # and it is not tried again, though now it could be
        compiled.write_text("select 1 as one")
        assert ColumnLineage(tmp_path, manifest, connection).metadata(node, compiled) == {}
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert capfd.readouterr() == ("", "")
