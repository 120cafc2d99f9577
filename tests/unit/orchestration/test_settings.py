import os
from pathlib import Path

import pytest

from orchestration.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SUBDYN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_a_setting_everything_is_embedded(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.sources == ("billing", "platform", "middleware")
    assert settings.needs_embedded_servers
    assert settings.home == tmp_path / ".subdyn"
    assert settings.reporting_currency == "USD"


def test_an_empty_url_switches_its_source_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_MIDDLEWARE_URL", "")
    assert load_settings().sources == ("billing", "platform")


def test_a_house_without_any_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("BILLING", "PLATFORM", "MIDDLEWARE"):
        monkeypatch.setenv(f"SUBDYN_{source}_URL", "")
    with pytest.raises(SettingsError, match="SUBDYN_BILLING_URL"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SUBDYN_WAREHOUSE_URL", "mysql://u@h/d", "postgresql://"),
        ("SUBDYN_WAREHOUSE_URL", "", "is empty"),
        ("SUBDYN_BILLING_URL", "oracle://u:hidden@h/d", "mysql://"),
        ("SUBDYN_BILLING_URL", "mysql://u:hidden@h", "database is missing"),
        ("SUBDYN_PLATFORM_URL", "postgresql:///d", "host is missing"),
        ("SUBDYN_PLATFORM_URL", "postgresql://u:hid#den@h/d", "%-encoded"),
        ("SUBDYN_MIDDLEWARE_URL", "mongodb://h", "database is missing"),
        ("SUBDYN_SMTP_URL", "http://h", "smtp://"),
        ("SUBDYN_MAIL_FROM", "nobody", "pattern"),
        ("SUBDYN_REPORTING_CURRENCY", "usd", "pattern"),
    ],
)
def test_every_error_names_its_variable_and_no_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert name in str(error.value)
    assert told in str(error.value)
    assert "hid" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_misspelt_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_WAREHOSE_URL", "postgresql://h/d")
    with pytest.raises(SettingsError, match=r"SUBDYN_WAREHOSE_URL.*SUBDYN_WAREHOUSE_URL"):
        load_settings()


def test_variables_of_the_tests_are_nobodys_misspelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306")
    monkeypatch.setenv("SUBDYN_DBT_HOST", "127.0.0.1")
    load_settings()


def test_passwords_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", "postgresql://u:s3cret@h/d")
    settings = load_settings()
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "s3cret" in settings.warehouse()


def test_a_dotenv_file_counts_less_than_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("SUBDYN_REPORTING_CURRENCY=EUR\nSUBDYN_MAIL_FROM=a@b.example\n")
    monkeypatch.setenv("SUBDYN_REPORTING_CURRENCY", "NPR")
    settings = load_settings()
    assert (settings.reporting_currency, settings.mail_from) == ("NPR", "a@b.example")


def test_a_missing_url_says_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"SUBDYN_WAREHOUSE_URL.*subdyn up"):
        load_settings().warehouse()
    with pytest.raises(SettingsError, match="SUBDYN_BILLING_URL"):
        load_settings().source_url("billing")


def test_settings_survive_the_way_through_a_child_processs_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", "postgresql://u:p%40ss@h/d")
    monkeypatch.setenv("SUBDYN_PLATFORM_URL", "")
    before = load_settings()
    for name, value in before.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == before


def test_dbt_can_parse_before_any_warehouse_is_known() -> None:
    environment = load_settings().dbt_environment()
    assert environment["SUBDYN_DBT_HOST"] == "127.0.0.1"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().home = Path("elsewhere")  # pyright: ignore[reportAttributeAccessIssue]
