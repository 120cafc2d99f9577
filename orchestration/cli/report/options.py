"""What a report can be asked, as options of its command and of saved queries: made of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Command = Callable[..., None]


def takes(
    *models: type[BaseModel], needed: bool = True, settings: tuple[str, ...] = ()
) -> Callable[[Command], Command]:
    """Give a command an option for each field of the models in the place of its argument `asked`.

    `asked` then holds what was given by the fields' names. Nothing has to be given where not `needed`, and
    none of the fields that are `settings`.
    """
    fields = {name: field for model in models for name, field in model.model_fields.items()}

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters.values()
        parameters: list[inspect.Parameter] = []
        for parameter in own:
            if parameter.name != "asked":
                parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
                continue
            for name, field in fields.items():
                parameters.append(_option(name, field, needed and name not in settings))

        @wraps(command)
        def called(**given: Any) -> None:
            asked = {name: given.pop(name) for name in fields}
            command(asked={name: value for name, value in asked.items() if value not in (None, [])}, **given)

        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def _option(name: str, field: FieldInfo, needed: bool) -> inspect.Parameter:
    """The field as an option: its title, description and type; its default where something is needed."""
    extra = field.json_schema_extra
    metavar = extra.get("metavar") if isinstance(extra, Mapping) else None
    option = typer.Option(f"--{field.title}", metavar=metavar, help=field.description)  # type: ignore[arg-type]
    kind = _kind(field.annotation)
    default: Any = None
    if needed and field.is_required():
        default = inspect.Parameter.empty
    elif needed and kind is int:
        default = field.default
    annotation = kind if default is inspect.Parameter.empty else kind | None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option]
    )


def _kind(annotation: Any) -> Any:
    """What the command line reads of a field of that type: ids and counts, several words, or one."""
    if get_origin(annotation) in (tuple, frozenset):
        return list[str]
    parts = [annotation, *get_args(annotation)]
    inner = [get_args(part)[0] for part in parts if get_origin(part) is Annotated]
    return int if int in (*parts, *inner) else str
