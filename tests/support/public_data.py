"""Real data nobody here wrote, with published figures: kept outside the project."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bson.raw_bson import RawBSONDocument

FOLDER = Path(os.environ.get("SUBDYN_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def public_data(name: str) -> Path:
    """The file or folder; where it is missing, a build fails and others skip."""
    path = FOLDER / name
    if not path.exists():
        reason = f"{path} is missing (SUBDYN_TEST_DATA names the folder)"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def bson_corpus(kind: str) -> list[dict[str, str]]:
    """The public corpus of BSON documents of every type, and of byte strings that are none: one kind of case.

    The kinds are valid and decodeErrors.
    """
    files = sorted(public_data("mongo/bson_corpus").glob("*.json"))
    return [
        {"file": file.name, **case}
        for file in files
        for case in json.loads(file.read_text(encoding="utf-8")).get(kind, [])
    ]


def valid_documents() -> Iterator[tuple[str, RawBSONDocument]]:
    """Each valid document of the corpus with its description."""
    for case in bson_corpus("valid"):
        yield case["description"], RawBSONDocument(bytes.fromhex(case["canonical_bson"]))
