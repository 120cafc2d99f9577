"""How long a source may keep a load waiting, and the word for it when it does so longer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from extract.errors import RetryLater


@dataclass(frozen=True)
class Waits:
    """Seconds until a connection stands and its login is answered, until a first row, between rows."""

    connect_seconds: float = 10.0
    first_row_seconds: float = 300.0
    between_rows_seconds: float = 120.0

    @property
    def no_connection(self) -> str:
        """What is told of a source that takes a connection and does not answer it."""
        return f"did not answer the connection within {self.connect_seconds:g} s"

    @property
    def no_first_row(self) -> str:
        """What is told of a query that nothing came of."""
        return f"gave no first row within {self.first_row_seconds:g} s"

    @property
    def no_further_row(self) -> str:
        """What is told of rows that came and then stopped."""
        return f"gave no further row for {self.between_rows_seconds:g} s"


DEFAULT_WAITS = Waits()


@asynccontextmanager
async def within(seconds: float, message: str) -> AsyncGenerator[None]:
    """Ends the block after so many seconds; RetryLater says `message`."""
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        raise RetryLater(message) from None
