"""The project as it is loaded, parsed once."""

from typing import Any

import dagster as dg
import pytest

from orchestration.dbt_manifest import prepared_manifest
from orchestration.definitions import build_definitions
from orchestration.settings import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a house with every source, whose servers nobody asks."""
    urls = {
        "warehouse_url": "postgresql://nobody@127.0.0.1:1/warehouse",
        "billing_url": "postgresql://nobody:s3cret@127.0.0.1:1/billing",
        "platform_url": "mysql://nobody:s3cret@127.0.0.1:1/platform",
        "middleware_url": "mongodb://nobody:s3cret@127.0.0.1:1/middleware",
    }
    return Settings.model_validate({"home": tmp_path_factory.mktemp("parsed"), **urls})


@pytest.fixture(scope="session")
def manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest with every source switched on."""
    return prepared_manifest(settings)


@pytest.fixture(scope="session")
def definitions(settings: Settings) -> dg.Definitions:
    """What Dagster loads for that house."""
    return build_definitions(settings)
