from pathlib import Path

import pytest

from orchestration.migrate import MigrationError, read_migrations


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
