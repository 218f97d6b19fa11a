"""The command line: its commands in their order, and how an error is said."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lossmatters import __version__
from lossmatters.commands import losses, results, training


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            # here, because typer makes a bare exit status of it and what it says would be lost
            print(f"lossmatters: {str(interrupt).strip() or 'interrupted'}", file=sys.stderr)
            sys.exit(130)


app = typer.Typer(
    name="lossmatters",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does the loss decide whether a network memorises wrong labels? "
    "State it, prove it, refute it, measure it, draw it.",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lossmatters {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Take what comes before a command; typer shows the help of `app` in place of this."""


COMMANDS: dict[str, Callable[..., None]] = {
    "losses": losses.losses,
    "certify": losses.certify,
    "check": losses.check,
    "validate": losses.validate,
    "try": training.try_loss,
    "tune": training.tune,
    "train": training.train,
    "verify": results.verify,
    "figures": results.figures,
    "report": results.report,
    "paper": results.paper,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input is one clear line on standard error and exit status 2.

    With LOSSMATTERS_DEBUG set, errors keep their traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a console that lacks a sign gets "?", not the end of it all
            stream.reconfigure(errors="replace")
    # Figures go to files. A notebook's backend, which processes that it starts inherit, may not be here.
    os.environ["MPLBACKEND"] = "agg"
    # What SymPy makes lives on: to look through it for what could be freed took a twentieth of the time.
    gc.set_threshold(100_000)
    try:
        status = app(args=arguments, standalone_mode=False)
    except Exception as error:
        if os.environ.get("LOSSMATTERS_DEBUG"):
            raise
        known = isinstance(error, ValueError | TypeError | OSError | ImportError | RuntimeError)
        if not known and not hasattr(error, "format_message"):
            raise
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        if message:  # none where the help was shown for want of a command
            print(f"lossmatters: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
