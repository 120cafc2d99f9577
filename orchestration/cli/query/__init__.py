"""`subdyn query`: saved queries and their schedules."""

from __future__ import annotations

import typer

from orchestration.cli.query.change import change, save
from orchestration.cli.query.files import export_queries, import_file
from orchestration.cli.query.run import delete, run_query
from orchestration.cli.query.schedule import schedule
from orchestration.cli.query.show import list_saved, show

query_app = typer.Typer(
    help="Reports' questions kept under a title, and the times at which they go out by e-mail.",
    no_args_is_help=True,
    add_completion=False,
)
query_app.command("save")(save)
query_app.command("list")(list_saved)
query_app.command("show")(show)
query_app.command("run")(run_query)
query_app.command("change")(change)
query_app.command("schedule")(schedule)
query_app.command("delete")(delete)
query_app.command("export")(export_queries)
query_app.command("import")(import_file)
