"""From three databases to the report: what a nightly run leaves, and a rerun leaves alone."""

import logging

import dagster as dg

from orchestration.dagster_home import dagster_instance
from orchestration.headless import run_job
from orchestration.settings import Settings
from tests.support.installation import AS_OF, rows


def test_the_night_leaves_reports_and_their_files(nightly_installation: Settings) -> None:
    names = sorted(path.name for path in nightly_installation.reports_folder.iterdir())
    assert names[:2] == [
        "customer-dynamics_2026-01-01_2026-03-31_by-month_USD.csv",
        "customer-dynamics_2026-01-01_2026-03-31_by-month_USD.xlsx",
    ]
    stem = "subscriber-metrics_2026-03-01_2026-03-31"
    assert [name.startswith(stem) for name in names[2:]] == [True, True]
    stored = "select report, count(*) from app.report_results where role = 'schedule' group by 1 order by 1"
    assert rows(nightly_installation, stored) == [("customer-dynamics", 1), ("subscriber-metrics", 1)]


def test_every_asset_tells_what_it_did(nightly_installation: Settings) -> None:
    with dagster_instance(nightly_installation) as instance:
        loaded = instance.get_latest_materialization_event(dg.AssetKey(["raw", "billing", "transactions"]))
        assert loaded is not None and loaded.asset_materialization is not None
        message = loaded.asset_materialization.metadata
        assert {"extracted", "inserted", "seconds", "watermark", "data through"} <= set(message)
        assert message["data through"].value == AS_OF.timestamp()
        # whoever loaded since: a row is inserted once
        loads = instance.fetch_materializations(dg.AssetKey(["raw", "billing", "transactions"]), limit=100)
        inserted = [
            load.asset_materialization.metadata["inserted"].value
            for load in loads.records
            if load.asset_materialization
        ]
        counted = rows(nightly_installation, "select count(*) from raw_billing.transactions")[0][0]
        assert sum(int(str(number)) for number in inserted) == counted
        built = {
            key.to_user_string(): event.asset_materialization.metadata
            for key in instance.all_asset_keys()
            if key.path[0] in ("staging", "intermediate", "marts")
            if (event := instance.get_latest_materialization_event(key)) and event.asset_materialization
        }
        keys = {key.to_user_string() for key in instance.all_asset_keys()}
    # what the warehouse itself knows of what dbt built
    assert [name for name, metadata in built.items() if "dagster/column_schema" not in metadata] == []
    counted = rows(nightly_installation, "select count(*) from marts.fct_transactions")[0][0]
    assert built["marts/fct_transactions"]["dagster/row_count"].value == counted
    assert {
        "marts/fct_customer_history",
        "staging/stg_billing__customers",
        "reports/customer_dynamics",
    } <= keys


def test_columns_lead_back_to_the_columns_they_are_made_of(nightly_installation: Settings) -> None:
    with dagster_instance(nightly_installation) as instance:
        lineage = {
            key.to_user_string(): event.asset_materialization.metadata.get("dagster/column_lineage")
            for key in instance.all_asset_keys()
            if key.path[0] in ("staging", "intermediate", "marts")
            if (event := instance.get_latest_materialization_event(key)) and event.asset_materialization
        }
        warned = [
            record.event_log_entry.user_message
            for run in instance.get_run_records()
            for record in instance.get_records_for_run(run.dagster_run.run_id).records
            if int(record.event_log_entry.level) >= logging.WARNING
        ]
    unread = [name for name, found in lineage.items() if found is None]
    assert [name for name in unread if not name.startswith("intermediate/")] == []
    assert [text for text in warned if "lineage" in text or "sqlglot" in text] == []

    def upstream(asset: str, column: str) -> set[tuple[str, str]]:
        found = lineage[asset]
        assert isinstance(found, dg.TableColumnLineageMetadataValue)
        deps = found.column_lineage.deps_by_column[column]
        return {(dep.asset_key.to_user_string(), dep.column_name) for dep in deps}

    assert upstream("marts/fct_refills", "amount") == {("marts/fct_transactions", "amount")}
    assert upstream("marts/fct_transactions", "amount") == {("staging/stg_billing__transactions", "amount")}
    assert upstream("staging/stg_billing__transactions", "amount") == {("raw/billing/transactions", "amount")}


def test_a_rerun_without_new_data_touches_no_row(nightly_installation: Settings) -> None:
    tables = rows(
        nightly_installation,
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in"
        " ('raw_billing', 'raw_platform', 'raw_middleware', 'intermediate', 'marts')"
        " and tablename not in ('load_log', 'watermarks')",
    )
    versions = " union all ".join(
        f"select '{table}', count(*), sum(xmin::text::bigint) from {table}" for (table,) in tables
    )
    # dbt writes each description again, in the same words
    words = "sum(hashtext(description)::bigint)"
    versions += f" union all select 'descriptions', count(*), {words} from pg_description"
    before = set(rows(nightly_installation, versions))
    assert run_job(nightly_installation, "hourly", AS_OF).failures == ()
    assert set(rows(nightly_installation, versions)) == before
