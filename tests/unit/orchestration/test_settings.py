import os
import random
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from psycopg.conninfo import conninfo_to_dict

from extract.waits import Waits
from orchestration.connection_url import without_password
from orchestration.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SUBDYN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_a_setting_everything_is_embedded(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.sources == ("billing", "platform", "middleware")
    assert settings.sources_without_url == settings.sources
    assert settings.home == tmp_path / ".subdyn"
    assert settings.reporting_currency == "USD"


def test_an_empty_url_switches_its_source_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_MIDDLEWARE_URL", "")
    assert load_settings().sources == ("billing", "platform")


def test_settings_without_any_source_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("BILLING", "PLATFORM", "MIDDLEWARE"):
        monkeypatch.setenv(f"SUBDYN_{source}_URL", "")
    with pytest.raises(SettingsError, match="SUBDYN_BILLING_URL"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "message"),
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
        ("SUBDYN_REPORTING_CURRENCY", "dollar", "pattern"),
        ("SUBDYN_BILLING_URL", "postgresql://u:hid%ghost@h/d", "%-encoded"),
        ("SUBDYN_BILLING_URL", "mysql://u:a@hidden@h/d", "%-encoded"),
        ("SUBDYN_WAREHOUSE_URL", "postgresql://u:hid%00den@h/d", "%-encoded"),
        ("SUBDYN_PLATFORM_URL", "mysql://u:12/hidden@h/d", "%-encoded"),
        ("SUBDYN_PLATFORM_URL", "postgresql://u:a?hidden@h/d", "%-encoded"),
        ("SUBDYN_WAREHOUSE_URL", "postgresql://u:a:hidden@h/d", "%-encoded"),
        ("SUBDYN_WAREHOUSE_URL", "postgresql://u:p@h:hidden/d", "port"),
        ("SUBDYN_WAREHOUSE_URL", "postgresql://u:p@h:70000/d", "port"),
        ("SUBDYN_MIDDLEWARE_URL", "mongodb://u:hid den@h/d", "%-encoded"),
        ("SUBDYN_MIDDLEWARE_URL", "mongodb://u:p@h,:27017/d", "host is missing"),
        ("SUBDYN_SMTP_URL", "smtp://u:a@hidden@h", "%-encoded"),
        ("SUBDYN_CLOSING_GRACE_HOURS", "0", "greater than or equal to 1"),
        ("SUBDYN_CLOSING_GRACE_HOURS", "a day", "integer"),
        ("SUBDYN_MAIL_LIMIT_MB", "0", "greater than or equal to 0.1"),
        ("SUBDYN_MAIL_LIMIT_MB", "nan", "finite"),
    ],
)
def test_every_error_names_its_variable_and_no_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert name in str(error.value)
    assert message in str(error.value)
    assert "hid" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "template",
    [
        ("SUBDYN_WAREHOUSE_URL", "postgresql://user:{}@db.example:5432/warehouse"),
        ("SUBDYN_BILLING_URL", "mysql://user:{}@db.example:3306/billing"),
        ("SUBDYN_MIDDLEWARE_URL", "mongodb://user:{}@db1.example:27017,db2.example/middleware"),
        ("SUBDYN_SMTP_URL", "smtp://user:{}@mail.example:25"),
    ],
)
def test_no_piece_of_a_password_is_told_whatever_it_holds(
    monkeypatch: pytest.MonkeyPatch, template: tuple[str, str]
) -> None:
    dice = random.Random(11)
    name, url = template
    refused = 0
    for _ in range(40):
        pieces = ["Qx7", "zW9", "Kj4"]
        password = "".join(piece + dice.choice('@%/:?#[]\\ \t&=+^|"é℀,;$') for piece in pieces) + "Vb2"
        for variable in ("SUBDYN_WAREHOUSE_URL", "SUBDYN_SMTP_URL"):
            monkeypatch.delenv(variable, raising=False)
        for source in ("BILLING", "PLATFORM", "MIDDLEWARE"):
            monkeypatch.setenv(f"SUBDYN_{source}_URL", "mysql://me@h/d" if source == "PLATFORM" else "")
        monkeypatch.setenv(name, url.format(password))
        message = ""
        try:
            settings = load_settings()
            message = repr(settings)
            kept = getattr(settings, name.removeprefix("SUBDYN_").lower()).get_secret_value()
            message += without_password(kept)
            # what is let through, the drivers take apart as it was meant
            assert unquote(urlsplit(kept).password or "") == unquote(password)
            monkeypatch.setenv(name, url.format(quote(password, safe="")))
            load_settings()
        except SettingsError as error:
            refused += 1
            message = str(error)
            assert message.startswith(name)
        assert not any(piece in message for piece in (*pieces, "Vb2")), message
    assert 0 < refused < 40


def test_an_encoded_password_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", f"postgresql://u:{quote('a@b%c:d/e#f?', safe='')}@h/d")
    assert conninfo_to_dict(load_settings().warehouse_login())["password"] == "a@b%c:d/e#f?"


def test_several_hosts_of_one_database_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("BILLING", "PLATFORM"):
        monkeypatch.setenv(f"SUBDYN_{source}_URL", "")
    url = "mongodb://reader:p@db1.example:27017,db2.example:27018/middleware?replicaSet=rs0"
    monkeypatch.setenv("SUBDYN_MIDDLEWARE_URL", url)
    assert load_settings().source_url("middleware") == url


def test_a_currency_is_taken_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_REPORTING_CURRENCY", "usd")
    assert load_settings().reporting_currency == "USD"


def test_a_source_without_a_url_beside_one_with_a_url_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBDYN_BILLING_URL", "mysql://reader@h/billing")
    monkeypatch.setenv("SUBDYN_MIDDLEWARE_URL", "")
    with pytest.raises(SettingsError, match=r"^SUBDYN_PLATFORM_URL is not set.*set it empty"):
        load_settings()
    monkeypatch.setenv("SUBDYN_PLATFORM_URL", "")
    assert load_settings().sources == ("billing",)


def test_a_misspelt_variable_in_dotenv_is_refused_like_one_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SUBDYN_BILING_URL=mysql://reader:secret@h/billing\n")
    with pytest.raises(SettingsError, match=r"^SUBDYN_BILING_URL.*SUBDYN_BILLING_URL") as error:
        load_settings()
    assert "secret" not in str(error.value)


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


def test_the_patience_with_sources_is_set_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().waits == Waits()
    monkeypatch.setenv("SUBDYN_SOURCE_CONNECT_SECONDS", "2.5")
    monkeypatch.setenv("SUBDYN_SOURCE_FIRST_ROW_SECONDS", "60")
    monkeypatch.setenv("SUBDYN_SOURCE_BETWEEN_ROWS_SECONDS", "30")
    assert load_settings().waits == Waits(2.5, 60, 30)
    for wrong in ("0", "-1", "inf", "nan", "a minute", "100000"):
        monkeypatch.setenv("SUBDYN_SOURCE_CONNECT_SECONDS", wrong)
        with pytest.raises(SettingsError, match=r"^SUBDYN_SOURCE_CONNECT_SECONDS: "):
            load_settings()


def test_the_example_names_every_setting_at_its_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    example = (ROOT / ".env.example").read_text()
    lines = [line.removeprefix("# ") for line in example.splitlines() if line.startswith("# SUBDYN_")]
    # the one that commands set for their own children
    names = {f"SUBDYN_{name.upper()}" for name in Settings.model_fields} - {"SUBDYN_EMBEDDED"}
    assert sorted(line.partition("=")[0] for line in lines) == sorted(names)
    defaults = load_settings()
    (tmp_path / ".env").write_text("\n".join(lines))
    uncommented = load_settings()
    assert uncommented.sources_without_url == ()
    urls = {name for name in Settings.model_fields if name.endswith("_url") and name != "web_url"}
    assert uncommented.model_dump(exclude=urls) == defaults.model_dump(exclude=urls)
