"""Runs a typer command under our rules: one line per error, and the exit codes that scripts can rely on."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from graveshift_tui.sanitize import clean
from graveshift_tui.settings import Flags, Settings, load

T = TypeVar("T")

INTERRUPTED = 130

Url = Annotated[
    str | None, typer.Option(help="The backend: http://..., https://... or unix:/path.", show_default=False)
]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A file that holds the bearer token.", show_default=False)
]
Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="console.yaml to use instead of your own.", show_default=False)
]


def new_app() -> typer.Typer:
    """A typer application without completion, colours or pretty exceptions."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def invoke(app: typer.Typer, name: str, argv: list[str]) -> int:
    """The exit code of the command; errors of ours pass through."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return int(app(args=argv, prog_name=f"graveshift {name}", standalone_mode=False) or 0)
    except typer.TyperException as error:
        say(f"graveshift {name}: {error.format_message()}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def say(text: str) -> None:
    """One harmless line on standard error."""
    print(clean(text, 4000), file=sys.stderr)


def settings_of(url: str | None, token_file: Path | None, config: Path | None) -> Settings:
    """What the environment and the file say, under what was typed."""
    return load(os.environ, Flags(url=url, token_file=token_file, config=config))
