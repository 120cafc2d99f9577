"""What a row by package is called: the package's name, and more where a name alone tells too little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A package's name, empty where it has none, and its company's where the asker may see it."""

    package_id: int
    name: str | None = None
    company_name: str | None = None

    @property
    def short_label(self) -> str:
        """The name, else the id, so that no package is taken for none."""
        return (self.name or "").strip() or f"#{self.package_id}"

    @property
    def long_label(self) -> str:
        """The name with what tells it from others of that name."""
        company = f"{self.company_name}, " if self.company_name else ""
        return f"{self.short_label} ({company}#{self.package_id})"

    @property
    def position(self) -> tuple[bytes, int]:
        """By name, then id."""
        return self.short_label.encode(), self.package_id


def labels(packages: Iterable[Package]) -> Mapping[int, str]:
    """What each of the packages that stand beside each other is called: by name where no other shares it."""
    by_id = {package.package_id: package for package in packages}
    shared = Counter(package.short_label for package in by_id.values())
    return {
        id_: package.short_label if shared[package.short_label] == 1 else package.long_label
        for id_, package in by_id.items()
    }
