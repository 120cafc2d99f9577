import dagster
from dagster_dbt import DbtCliResource

from orchestration import compatibility
from orchestration.compatibility import PreparedDbtCliResource


def test_the_private_seams_are_looked_at_again_with_each_release_of_dagster() -> None:
    assert f"seen in dagster {dagster.__version__}." in str(compatibility.__doc__)


def test_dagster_dbt_still_has_what_is_overridden() -> None:
    overridden = [name for name in vars(PreparedDbtCliResource) if name in vars(DbtCliResource)]
    assert {"_cli_version", "_initialize_dbt_core_adapter"} <= set(overridden)
