"""The project as it is loaded, parsed once for each set of sources that tests ask for."""

from collections.abc import Callable
from functools import cache
from typing import Any

import dagster as dg
import pytest

from orchestration.dbt_resource import prepared_manifest
from orchestration.definitions import build_definitions
from orchestration.settings import SOURCES, Settings

URLS = {
    "billing": "postgresql://nobody:s3cret@127.0.0.1:1/billing",
    "platform": "mysql://nobody:s3cret@127.0.0.1:1/platform",
    "middleware": "mongodb://nobody:s3cret@127.0.0.1:1/middleware",
}


@pytest.fixture(scope="session")
def settings_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """Settings with only these sources switched on, whose servers nobody asks; each set has one home."""

    @cache
    def made(*sources: str) -> Settings:
        urls = {f"{name}_url": URLS[name] if name in sources else "" for name in SOURCES}
        home = tmp_path_factory.mktemp("_".join(sources))
        return Settings.model_validate(
            {"home": home, "warehouse_url": "postgresql://nobody@127.0.0.1:1/warehouse", **urls}
        )

    return made


@pytest.fixture(scope="session")
def definitions_of(settings_of: Callable[..., Settings]) -> Callable[..., dg.Definitions]:
    """What Dagster loads where only these sources are switched on."""
    return cache(lambda *sources: build_definitions(settings_of(*sources)))


@pytest.fixture(scope="session")
def settings(settings_of: Callable[..., Settings]) -> Settings:
    """Settings with every source."""
    return settings_of(*SOURCES)


@pytest.fixture(scope="session")
def manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest with every source switched on."""
    return prepared_manifest(settings)


@pytest.fixture(scope="session")
def definitions(definitions_of: Callable[..., dg.Definitions]) -> dg.Definitions:
    """What Dagster loads with every source switched on."""
    return definitions_of(*SOURCES)
