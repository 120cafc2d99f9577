"""The sources of the models of the customers' side."""

from collections.abc import Callable

import pytest

from tests.support.warehouse import ParsedProject


@pytest.fixture(scope="module")
def project(project_with: Callable[..., ParsedProject]) -> ParsedProject:
    """The dbt project with these sources."""
    return project_with("billing", "middleware")
