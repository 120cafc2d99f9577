"""`subdyn verify` and the night's checks, on copies of an installation that something was done to."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from pydantic import SecretStr

from orchestration.checks import CHECK_NAME
from orchestration.dagster_home import dagster_instance
from orchestration.definitions import build_definitions
from orchestration.runs import AS_OF_TAG
from orchestration.settings import Settings
from tests.support.installation import AS_OF, subdyn


@pytest.fixture
def copied(nightly_installation: Settings, copy_of: Callable[[str], str]) -> Settings:
    """The installation on a copy of its warehouse."""
    url = copy_of(nightly_installation.warehouse_login())
    return nightly_installation.model_copy(update={"warehouse_url": SecretStr(url)})


def change(settings: Settings, *statements: str) -> None:
    with psycopg.connect(settings.warehouse_login(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def verify(settings: Settings, *arguments: str) -> tuple[int, list[str], list[str]]:
    verifying = subdyn(settings, "verify", *arguments)
    message, shown = verifying.communicate(timeout=300)
    return verifying.returncode, message.splitlines(), shown.splitlines()


def test_verify_tells_how_much_it_looked_at_and_fits_a_terminal(nightly_installation: Settings) -> None:
    code, message, shown = verify(nightly_installation, "--full")
    assert message == []
    assert code == 0
    assert any(line.startswith("    agrees  customers recomputed from raw: 120 customers") for line in shown)
    assert any("subscriber-months recomputed from raw: " in line for line in shown)
    assert [line for line in shown if len(line) > 80] == []


def test_verify_names_what_was_never_loaded_or_made_and_goes_on(copied: Settings) -> None:
    change(
        copied,
        "drop table raw_billing.users cascade",
        "delete from raw_billing.watermarks where table_name = 'users'",
        "drop table marts.fct_customer_history cascade",
    )
    code, message, shown = verify(copied)
    assert code == 1
    assert (
        "loads of billing: billing.users: was never loaded: run: subdyn run nightly, and mend what it names"
        in message
    )
    missing = "marts.fct_customer_history: was never made: run: subdyn run nightly, and mend what that names"
    assert f"balances against the source: {missing}" in message
    assert f"customers recomputed from raw: {missing}" in message
    assert any(line.startswith("    agrees  subscriber-months recomputed from raw: ") for line in shown)
    assert shown[-1].startswith("subdyn: ") and "Traceback" not in "".join(shown)


def test_a_failed_run_ends_with_one_line_and_exit_code_one(
    nightly_installation: Settings, tmp_path: Path
) -> None:
    broken = Settings.model_validate(
        {
            "home": tmp_path,
            "warehouse_url": nightly_installation.warehouse_url,
            "billing_url": "postgresql://nobody@127.0.0.1:1/billing?connect_timeout=1",
            "platform_url": "",
            "middleware_url": "",
        }
    )
    verifying = subdyn(broken, "verify")
    _, message = verifying.communicate(timeout=100)
    assert verifying.returncode == 1
    assert "the billing database cannot be reached" in message.splitlines()[-1]
    assert "Traceback" not in message


def test_the_night_notices_stored_states_that_do_not_follow_from_raw(copied: Settings) -> None:
    change(
        copied,
        "update intermediate.int_subscriber_metrics set enabled_staff = enabled_staff + 1"
        " where month = '2026-03-01' and subscriber_id = 1",
        "update marts.fct_customer_history set balance_amount = balance_amount + 1 where customer_id = 7",
    )
    everything = build_definitions(copied).resolve_implicit_global_asset_job_def()
    # dbt's functions name their database, so that the series by month cannot be read in a copy
    keys = {
        key
        for key in everything.asset_layer.asset_graph.asset_check_keys
        if key.name == CHECK_NAME and key.asset_key.path[-1] != "customer_dynamics_daily"
    }
    checking = everything.get_subset(asset_selection=set(), asset_check_selection=keys)
    with dagster_instance(copied) as instance:
        run = checking.execute_in_process(
            instance=instance, tags={AS_OF_TAG: AS_OF.isoformat()}, raise_on_error=False
        )
    done = {evaluation.asset_key.path[-1]: evaluation for evaluation in run.get_asset_check_evaluations()}
    assert {name: evaluation.passed for name, evaluation in done.items()} == {
        "fct_customer_history": False,
        "subscriber_metrics": False,
    }
    (finding,) = _first_findings(done["subscriber_metrics"])
    assert finding["key"] == "subscriber 1, month 2026-03"
    assert str(finding["value"]).startswith("enabled_staff ")
    assert str(finding["reason"]).startswith("recomputed from raw: ")
    assert all(
        str(row["key"]).startswith("customer 7 at ") for row in _first_findings(done["fct_customer_history"])
    )


def _first_findings(evaluation: dg.AssetCheckEvaluation) -> list[dict[str, object]]:
    table = evaluation.metadata["first findings"]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]
