"""The public BSON corpus: documents of every type, and byte strings that are none."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bson.raw_bson import RawBSONDocument

FOLDER = Path(os.environ.get("SUBDYN_TEST_DATA", "../shared/data")) / "mongo" / "bson_corpus"


def cases(kind: str) -> list[dict[str, str]]:
    """All cases of a kind: valid, decodeErrors. Without the corpus a build fails and others skip."""
    files = sorted(FOLDER.glob("*.json"))
    if not files:
        reason = f"no BSON corpus in {FOLDER}, set SUBDYN_TEST_DATA"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return [
        {"file": file.name, **case}
        for file in files
        for case in json.loads(file.read_text(encoding="utf-8")).get(kind, [])
    ]


def valid_documents() -> Iterator[tuple[str, RawBSONDocument]]:
    """Each valid document with its description."""
    for case in cases("valid"):
        yield case["description"], RawBSONDocument(bytes.fromhex(case["canonical_bson"]))
