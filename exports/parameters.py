"""How a parameter of a report is declared: once, with what it is called and means to whoever asks.

From its field the command line makes an option, a form and an API their input, and messages its name.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


def asked(title: str, description: str, metavar: str | None = None) -> Any:
    """A field's name where people ask, what it means, and what stands for its value in a command's help."""
    return Field(title=title, description=description, json_schema_extra={"metavar": metavar})


def titles(model: type[BaseModel]) -> dict[str, str]:
    """What people call each field of the model."""
    return {name: field.title or name for name, field in model.model_fields.items()}
