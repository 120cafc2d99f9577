"""Which error ends with which exit code, and how it is told in one line."""

from __future__ import annotations

from typer.exceptions import TyperException

BAD_INPUT = 2
FAILURE = 1
INTERRUPTED = 130
_INPUT_ERRORS = {
    "InvalidParameter", "NotFound", "ChangedMeanwhile",
    "SettingsError", "BadInput", "OtherSource", "AsOfRefused",
}  # fmt: skip
_OWN_PACKAGES = {"orchestration", "extract", "exports", "demo"}


class BadInput(Exception):
    """An argument cannot be used; the message names it."""


class Failed(Exception):
    """The command did its work and found that something is wrong; the message says what."""


def exit_code_of(error: Exception) -> int:
    """2 where the requester has to ask otherwise, 1 for everything else."""
    if isinstance(error, TyperException):
        return getattr(error, "exit_code", BAD_INPUT)
    return BAD_INPUT if _is_ours(error) and type(error).__name__ in _INPUT_ERRORS else FAILURE


def one_line(error: Exception) -> str:
    """The error's message on one line; one that nobody foresaw says its type and how to see more."""
    if isinstance(error, TyperException):
        tell = getattr(error, "format_message", error.__str__)
        return _joined(tell()).replace("Value error, ", "")
    if _is_ours(error):
        return _joined(str(error))
    return f"unexpected {type(error).__name__}: {_joined(str(error))} (--debug shows where)"


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _OWN_PACKAGES


def _joined(text: str) -> str:
    return " ".join(text.split())
