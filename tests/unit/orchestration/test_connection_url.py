"""What a warehouse is given: a URL that every driver reads alike, migrations without gaps."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from orchestration.connection_url import as_pipeline, checked_url, dbt_environment, user_of, without_password
from orchestration.migrate import MigrationError, read_migrations


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("mariadb://u@h:3306/d", "mysql://u@h:3306/d"),
        ("  postgresql://u:p%2Fw@h:5432/d?sslmode=require ", "postgresql://u:p%2Fw@h:5432/d?sslmode=require"),
    ],
)
def test_other_names_of_a_scheme_are_taken(given: str, kept: str) -> None:
    assert checked_url(given, ("postgresql", "mysql")) == kept


def test_a_connection_of_the_pipeline_acts_as_its_role() -> None:
    known = conninfo_to_dict(as_pipeline("postgresql://u:p%40s@h:5433/d?sslmode=require"))
    assert known["options"] == "-c role=subdyn_pipeline"
    assert (known["password"], known["sslmode"]) == ("p@s", "require")


def test_options_of_the_url_are_kept_beside_the_role() -> None:
    url = as_pipeline("postgresql://h/d?options=-c%20statement_timeout%3D5s")
    assert conninfo_to_dict(url)["options"] == "-c statement_timeout=5s -c role=subdyn_pipeline"
    assert as_pipeline(url) == url


def test_dbts_environment_is_the_url_taken_apart() -> None:
    assert dbt_environment("postgresql://u:p%40s%20s@h:5433/d?sslmode=verify-full") == {
        "SUBDYN_DBT_HOST": "h",
        "SUBDYN_DBT_PORT": "5433",
        "SUBDYN_DBT_USER": "u",
        "SUBDYN_DBT_PASSWORD": "p@s s",
        "SUBDYN_DBT_DATABASE": "d",
        "SUBDYN_DBT_ROLE": "subdyn_pipeline",
        "SUBDYN_DBT_SSLMODE": "verify-full",
    }


def test_dbts_environment_has_an_answer_for_what_the_url_leaves_out() -> None:
    environment = dbt_environment("postgresql://h/d")
    assert (environment["SUBDYN_DBT_PORT"], environment["SUBDYN_DBT_PASSWORD"]) == ("5432", "")
    assert "SUBDYN_DBT_SSLMODE" not in environment


def test_a_shown_url_has_no_password() -> None:
    shown = without_password("postgresql://u:s%40cret@h:1/d?password=x")
    assert shown == "postgresql://u@h:1/d"


def test_a_user_is_read_decoded() -> None:
    assert user_of("postgresql://the%20user:p@h/d") == "the user"
    assert user_of("postgresql://h/d") is None


def test_the_projects_migrations_are_numbered_without_gaps() -> None:
    numbers = [migration.number for migration in read_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_number_used_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("select 1")
    (tmp_path / "0001_b.sql").write_text("select 1")
    with pytest.raises(MigrationError, match=r"0001_b\.sql"):
        read_migrations(tmp_path)


def test_a_misnamed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text("select 1")
    with pytest.raises(MigrationError, match=r"1_a\.sql"):
        read_migrations(tmp_path)
