"""JSON: the stored result itself; money and ratios are strings, so that no reader rounds them."""

from __future__ import annotations

import json
from typing import BinaryIO

from exports.result import StoredResult, as_json


def render(result: StoredResult, stream: BinaryIO) -> None:
    """Write the result as one UTF-8 JSON object and a line end. The stream stays open."""
    stream.write(json.dumps(as_json(result), ensure_ascii=False, indent=2).encode())
    stream.write(b"\n")
