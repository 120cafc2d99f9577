"""What the reports of the customers' side read."""

from collections.abc import Callable

import pytest

from tests.support.report_rows import READ_BY_THE_REPORT
from tests.support.warehouse import ParsedProject


@pytest.fixture(scope="module")
def project(project_with: Callable[..., ParsedProject]) -> ParsedProject:
    """The dbt project with billing alone."""
    return project_with("billing")


@pytest.fixture(scope="module")
def selection() -> tuple[str, ...]:
    """The models and functions that the report reads."""
    return READ_BY_THE_REPORT
