"""What no command takes: an option of one value given twice, and an option without a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestration.cli.exits import BadInput


def check_options(command: Any, arguments: Sequence[str], parent: Any = None) -> None:
    """Raises BadInput, naming the option, for the command or the one that the arguments name below it.

    Errors of parsing are raised as the command itself would raise them.
    """
    context = command.context_class(
        command, parent=parent, info_name=command.name, **command.context_settings
    )
    values, rest, given = command.make_parser(context).parse_args(list(arguments))
    for option in given:
        if option.param_type_name != "option":
            continue
        name = max(option.opts, key=len)
        if given.count(option) > 1 and not (option.multiple or option.is_flag):
            raise BadInput(f"{name} is given more than once")
        value = values.get(option.name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not text.strip(" \t\n,"):
                raise BadInput(f"{name} is empty: give it a value or leave it out")
    if rest and hasattr(command, "get_command"):
        below = command.get_command(context, rest[0])
        if below is not None:
            check_options(below, rest[1:], context)
