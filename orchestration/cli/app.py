"""Puts the commands together, and turns every error into one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
import typer.main

from orchestration.cli.connect import connect
from orchestration.cli.delivery import delivery_app
from orchestration.cli.demo import demo
from orchestration.cli.exits import INTERRUPTED, exit_code_of, one_line
from orchestration.cli.migrate import migrate
from orchestration.cli.options import check_options
from orchestration.cli.prune import prune
from orchestration.cli.query import query_app
from orchestration.cli.report import report_app
from orchestration.cli.run import run_command
from orchestration.cli.share import share_app
from orchestration.cli.signals import Interruption, termination_as_interrupt
from orchestration.cli.terminal import write_line
from orchestration.cli.up import up
from orchestration.cli.verify import verify

DEBUG = "--debug"
app = typer.Typer(
    name="subdyn",
    help="The warehouse that tells a subscription business the truth about its customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")] = False,
) -> None:
    # Taken out of the arguments before they are parsed, so that it may stand anywhere; here for --help.
    del debug


app.command()(demo)
app.command()(up)
app.command("run")(run_command)
app.add_typer(report_app, name="report")
app.add_typer(query_app, name="query")
app.add_typer(share_app, name="share")
app.add_typer(delivery_app, name="delivery")
app.command()(prune)
app.command()(verify)
app.command()(migrate)
app.command()(connect)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    debug = DEBUG in arguments
    interruption = Interruption()
    try:
        command = typer.main.get_command(app)
        words = [word for word in arguments if word != DEBUG]
        check_options(command, words)
        with termination_as_interrupt(interruption):
            outcome = command.main(words, prog_name="subdyn", standalone_mode=False)
    except typer.Exit as done:
        return done.exit_code
    except (typer.Abort, KeyboardInterrupt):
        outcome = INTERRUPTED
    except Exception as error:
        if debug:
            traceback.print_exc()
        if not interruption.has_come:
            write_line(f"subdyn: {one_line(error)}", sys.stderr)
            return exit_code_of(error)
        outcome = INTERRUPTED
    # typer answers Ctrl-C with this code and not a word
    if outcome == INTERRUPTED:
        write_line("subdyn: interrupted", sys.stderr)
    return outcome if isinstance(outcome, int) else 0
