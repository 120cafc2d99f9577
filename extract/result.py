"""What a load, or a sweep, came to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LoadKind = Literal["changes", "whole", "sweep"]


@dataclass(frozen=True)
class Rejected:
    """A row or document that could not be stored: its key (if readable), why, and what it held, as text."""

    key: str | None
    reason: str
    document: str


@dataclass(frozen=True)
class LoadResult:
    """One complete load as `load_log` keeps it; counts are rows, `drift` names new columns of the source."""

    source: str
    table_name: str
    load_id: int
    kind: LoadKind
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    extracted_count: int
    inserted_count: int
    updated_count: int
    unchanged_count: int
    deleted_count: int
    rejected_count: int
    watermark: str | None
    drift: tuple[str, ...] = ()

    @property
    def duration_seconds(self) -> float:
        """Seconds from taking the table's turn to the last statement before the commit."""
        return (self.finished_at - self.started_at).total_seconds()
