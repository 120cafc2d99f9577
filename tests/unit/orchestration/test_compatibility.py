import dagster

from orchestration import compatibility


def test_the_private_seams_are_looked_at_again_with_each_release_of_dagster() -> None:
    assert f"seen in dagster {dagster.__version__}." in str(compatibility.__doc__)
