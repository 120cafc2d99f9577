"""The sources of the models of the subscribers' side."""

from collections.abc import Callable

import pytest

from tests.support.warehouse import ParsedProject


@pytest.fixture(scope="module")
def project(project_with: Callable[..., ParsedProject]) -> ParsedProject:
    """The dbt project with these sources."""
    return project_with("platform")
