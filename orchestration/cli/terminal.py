"""The terminal: what is written there cannot steer it, whatever names the sources hold."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

# Control characters of both sets but line ends and tabs, line separators, what turns the direction of
# writing around, and halves of characters that no encoding can write.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
BROKEN_PIPE = 128 + 13
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """The text with U+FFFD for every character that a terminal would obey or could not write."""
    return STEERING.sub(REPLACEMENT, text)


def write_line(text: str, stream: TextIO | None = None) -> None:
    """One line on stdout, or on that stream."""
    print(printable(text), file=stream or sys.stdout)


def stdout_closed() -> typer.Exit:
    """What ends a command whose reader has seen enough (`| head`): no word, and the code of a broken pipe."""
    # what is still to be flushed goes nowhere
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return typer.Exit(BROKEN_PIPE)


class Terminal(Console):
    """A console that shows texts as they are: no control character, emoji or style comes from them."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """End the command."""
        raise stdout_closed()

    def render_str(self, text: str, **options: Any) -> Text:
        """The text, made printable before it is measured."""
        return super().render_str(printable(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The parts of a renderable, made printable; Rich's own control codes stay."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


# Progress goes to stderr, so that a report written to stdout stays clean.
console = Terminal(stderr=True)
