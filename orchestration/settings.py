"""The settings: the only reader of the environment (and of a .env file in the working folder)."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from extract.waits import DEFAULT_WAITS, Waits
from orchestration.connection_url import as_pipeline, checked_url, dbt_environment, require_encoded

PREFIX = "SUBDYN_"
ENV_FILE = ".env"
SourceName = Literal["billing", "platform", "middleware"]
SOURCES: tuple[SourceName, ...] = ("billing", "platform", "middleware")
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
_SQL = ("postgresql", "mysql")


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line that names the variable."""


class Settings(BaseSettings):
    """Every setting, checked. A URL of None was not set: the embedded server stands in for it.

    A source's URL that is set but empty switches the source off.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", hide_input_in_errors=True, frozen=True
    )

    warehouse_url: SecretStr | None = None
    billing_url: SecretStr | None = None
    platform_url: SecretStr | None = None
    middleware_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = Field("subdyn@localhost", pattern=r"^[^@\s]+@[^@\s]+$")
    mail_limit_mb: float = Field(10, ge=0.1, le=1000, allow_inf_nan=False)
    reporting_currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    web_url: str = "http://127.0.0.1:3001"
    closing_grace_hours: int = Field(24, ge=1, le=8784)
    home: Path = Path(".subdyn")
    source_connect_seconds: Seconds = DEFAULT_WAITS.connect_seconds
    source_first_row_seconds: Seconds = DEFAULT_WAITS.first_row_seconds
    source_between_rows_seconds: Seconds = DEFAULT_WAITS.between_rows_seconds
    embedded: bool = Field(
        False, description="The sources are the demo operator's: set by subdyn, for its children."
    )

    @field_validator("warehouse_url")
    @classmethod
    def _is_warehouse(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is empty: name a PostgreSQL database, or unset it for the embedded server")
        return _checked(value, ("postgresql",))

    @field_validator("billing_url", "platform_url")
    @classmethod
    def _is_sql_source(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked(value, _SQL)

    @field_validator("middleware_url")
    @classmethod
    def _is_middleware(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked(value, ("mongodb", "mongodb+srv"))

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        url = value.get_secret_value().strip()
        if not url.startswith(("smtp://", "smtps://")) or not url.partition("://")[2]:
            raise ValueError("expected smtp://user@host:port or smtps://user@host:port")
        require_encoded(url.partition("://")[2])
        return SecretStr(url)

    @field_validator("web_url")
    @classmethod
    def _is_web(cls, value: str) -> str:
        if re.fullmatch(r"https?://[^\s/?#@\"<>]+(/[^\s?#\"<>]*)?", value.strip()) is None:
            raise ValueError("expected http://host:port or https://host/path, the pages' public address")
        return value.strip().rstrip("/")

    @field_validator("reporting_currency", mode="before")
    @classmethod
    def _is_upper_case(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("home")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @model_validator(mode="after")
    def _has_a_source(self) -> Settings:
        if not self.sources:
            raise ValueError(
                "every source is switched off: SUBDYN_BILLING_URL, _PLATFORM_URL, _MIDDLEWARE_URL"
            )
        missing = self.sources_without_url
        if missing and missing != self.sources:
            raise ValueError(without_url(missing))
        return self

    @property
    def sources(self) -> tuple[SourceName, ...]:
        """The sources that are switched on, in the order they are loaded."""
        urls = (self.billing_url, self.platform_url, self.middleware_url)
        return tuple(
            name for name, url in zip(SOURCES, urls, strict=True) if url is None or url.get_secret_value()
        )

    @property
    def sources_without_url(self) -> tuple[SourceName, ...]:
        """The sources that are switched on without a URL: none, or all, which are then the demo's."""
        return tuple(name for name in self.sources if getattr(self, f"{name}_url") is None)

    @property
    def waits(self) -> Waits:
        """How long a source may keep a load waiting."""
        return Waits(
            connect_seconds=self.source_connect_seconds,
            first_row_seconds=self.source_first_row_seconds,
            between_rows_seconds=self.source_between_rows_seconds,
        )

    @property
    def dagster_home(self) -> Path:
        """The folder in which Dagster keeps its runs."""
        return self.home / "dagster"

    @property
    def reports_folder(self) -> Path:
        """The folder of the nightly reports' files."""
        return self.home / "reports"

    @property
    def outbox_folder(self) -> Path:
        """The folder of mails where no server is set."""
        return self.home / "outbox"

    def source_url(self, source: str) -> str:
        """A source's URL, password included; SettingsError if none is set."""
        return _required(f"{source}_url", getattr(self, f"{source}_url"))

    def warehouse(self) -> str:
        """The warehouse's URL as the pipeline's role, password included; SettingsError if none is set."""
        return as_pipeline(self.warehouse_login())

    def warehouse_login(self) -> str:
        """The warehouse's URL as given, password included; SettingsError if none is set."""
        return _required("warehouse_url", self.warehouse_url)

    def dbt_environment(self) -> dict[str, str]:
        """The variables dbt's profile reads; placeholders, enough to parse, where no warehouse is known."""
        if self.warehouse_url is None:
            return dbt_environment("postgresql://subdyn@127.0.0.1/warehouse")
        return dbt_environment(self.warehouse_login())

    def environment(self) -> dict[str, str]:
        """These settings as a child process's environment variables, passwords included."""
        variables: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is not None:
                plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                variables[_variable(name)] = plain
        return variables


def load_settings(**given: object) -> Settings:
    """This process's settings, `given` values before the environment's; SettingsError names the variable."""
    try:
        _refuse_misspelt([*os.environ, *DotEnvSettingsSource(Settings).env_vars])
        return Settings(**given)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        raise SettingsError("; ".join(_one_line(detail) for detail in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{ENV_FILE} cannot be read: {error}") from None


def without_url(sources: Sequence[str]) -> str:
    """What is told of sources that lack a URL: the variables, and the two ways to mend it."""
    names = " and ".join(_variable(f"{source}_url") for source in sources)
    are, them, source = ("is", "it", "the source") if len(sources) == 1 else ("are", "them", "the sources")
    return f"{names} {are} not set: set {them}, or set {them} empty to switch {source} off"


def _one_line(detail: Mapping) -> str:
    reason = str(detail["msg"]).removeprefix("Value error, ")
    name = ", ".join(_variable(str(part)) for part in detail["loc"])
    return f"{name}: {reason}" if name else reason


def _refuse_misspelt(names: Iterable[str]) -> None:
    known = {_variable(name) for name in Settings.model_fields}
    for given in names:
        name = given.upper()
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if name.startswith(PREFIX) and name not in known and near:
            raise SettingsError(f"{name}: no such setting; is it {near[0]}?")


def _checked(value: SecretStr | None, schemes: tuple[str, ...]) -> SecretStr | None:
    if value is None or not value.get_secret_value().strip():
        return value if value is None else SecretStr("")
    return SecretStr(checked_url(value.get_secret_value(), schemes))


def _required(name: str, value: SecretStr | None) -> str:
    if value is None:
        raise SettingsError(
            f"{_variable(name)} is not set and no embedded server is running: set it, or start `subdyn up`"
        )
    return value.get_secret_value()


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"
