"""The entry: the console, or one of the subcommands; nothing heavy is imported before it is known which."""

import argparse
import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

from graveshift_tui.commands.terminal import Misused, Parser, add_look, add_place, flags_of, refused
from graveshift_tui.settings import ConsoleError, Flags, load, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from graveshift_tui.app import ConsoleApp

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "open": ("", "open the console at one thing, as in `graveshift open groups/ID`"),
    "get": ("reading", "print a resource, or one thing of it, as a table or as JSON"),
    "do": ("acting", "plan a verb, show the plan, confirm it and carry it out"),
    "run": ("running", "pause, resume or cancel a run, or give it another rate"),
    "export": ("exporting", "write every letter that matches to a file, as JSON lines or CSV"),
    "reveal": ("revealing", "print one letter without masks, with a reason for the record"),
    "mark": ("marking", "record a deploy or another change, beside the failures that may come of it"),
    "demo": ("", "start a small real system that fails, and the console on it"),
    "serve": ("backend", "run the backend service"),
    "worker": ("backend", "run jobs of the native queue"),
    "migrate": ("backend", "bring the database up to this version"),
    "token": ("backend", "create, list and revoke access tokens"),
    "doctor": ("backend", "check what a backend needs and say what is missing"),
}
EPILOG: Final = """
exit codes: 0 ok, 1 failed or partial, 2 usage, 3 not allowed, 4 not found,
5 conflict or stale, 6 unreachable, 7 phrase
environment: GRAVESHIFT_URL, GRAVESHIFT_TOKEN or GRAVESHIFT_TOKEN_FILE
"""
INSTEAD: Final = "`graveshift get` and `graveshift do` work anywhere"


def main() -> int:
    """Run what was asked for; the exit code."""
    name, rest = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    try:
        return dispatch(name, rest)
    except ConsoleError as error:
        return complain(error)


def dispatch(name: str, rest: list[str]) -> int:
    """Load the command called `name` and run it; what is no command belongs to the console."""
    if name == "open":
        return open_at(rest)
    if name == "demo":
        from graveshift_tui.commands.demo import main as demo

        return demo(rest, launch)
    if module := COMMANDS.get(name, ("", ""))[0]:
        return int(import_module(f"graveshift_tui.commands.{module}").main(name, rest))
    if name and not name.startswith("-"):
        raise Misused(f"`{name}` is no command{nearest(name, list(COMMANDS))}")
    return console(sys.argv[1:])


def console(argv: list[str]) -> int:
    """Open the console on this terminal."""
    typed = _parser().parse_args(argv)
    if typed.version:
        print(f"graveshift {_version()}")  # noqa: T201
        return 0
    return 2 if refused(INSTEAD) else launch(flags_of(typed), None)


def open_at(argv: list[str]) -> int:
    """Open the console at a resource, or at one thing of it."""
    from graveshift_tui.client import RESOURCES

    parser = _open_parser()
    typed = parser.parse_args(argv)
    resource = typed.thing.partition("/")[0]
    if resource not in RESOURCES and typed.thing != "overview":
        parser.error(f"`{resource}` is no resource{nearest(resource, ['overview', *RESOURCES])}")
    return 2 if refused(INSTEAD) else launch(flags_of(typed), typed.thing)


def launch(flags: Flags, start_at: str | None) -> int:
    """Run the app until it is left; the exit code.

    Nothing that loads before the first frame is garbage, so nobody looks for any: that is a tenth of the start.
    """
    gc.disable()
    from graveshift_tui.app import ConsoleApp

    return ran(lambda: ConsoleApp(load(os.environ, flags), start_at))


def ran(make: "Callable[[], ConsoleApp]") -> int:
    """Run an app until it is left; the exit code. What broke is reported without a word of what it worked on.

    The terminal itself knows its size, also after it changes; variables hold what it was when someone exported them,
    and an app that believes both paints nothing at all.
    """
    for told in ("COLUMNS", "LINES"):
        os.environ.pop(told, None)
    app = make()
    try:
        app.run()
        fault = app.fault
    except Exception as error:
        fault = error
    if fault is None:
        return app.return_code or 0
    from graveshift_tui.commands.crash import report

    return report(fault, os.environ)


def complain(error: ConsoleError) -> int:
    """One harmless line on standard error; the exit code."""
    from graveshift_tui.sanitize import clean

    print(f"graveshift: {clean(str(error), 2000)}", file=sys.stderr)  # noqa: T201
    return error.exit_code


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("graveshift")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<8} {about}" for name, (_, about) in COMMANDS.items())
    parser = Parser(
        prog="graveshift",
        usage="graveshift [options]\n       graveshift COMMAND ... (graveshift COMMAND --help tells more)",
        description="The night-shift console for job queues. Without a command it opens the console.\n\n"
        f"commands:\n{commands}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    add_place(parser)
    add_look(parser)
    return parser


def _open_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="graveshift open",
        description="Open the console at a screen, or at one thing of it.",
        epilog="examples: graveshift open dlq; graveshift open runs/81",
    )
    parser.add_argument("thing", metavar="RESOURCE[/ID]", help="where to begin")
    add_place(parser)
    add_look(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
