"""`graveshift demo`: starts a small real system that fails, opens the console on it, and clears everything up.

argparse rather than typer, because the console that follows lives in this process for hours.
"""

import argparse
import os
from collections.abc import Callable, Sequence

from graveshift_tui.commands import backend
from graveshift_tui.commands.stage import Stage, Stopped
from graveshift_tui.commands.terminal import Parser, add_look, flags_of, refused
from graveshift_tui.settings import Flags, Home

Launch = Callable[[Flags, str | None], int]
PASSED_ON = ("port", "data_dir", "rate", "seed", "letters")


def main(rest: list[str], launch: Launch) -> int:
    """Run the demo; with --headless hand over to the backend's own command."""
    if "--headless" in rest:
        backend.main("demo", rest)
    typed = parser().parse_args(rest)
    if typed.keep and typed.data_dir is None:
        parser().error("--keep needs --data-dir, so that the next start finds the data again")
    if refused("`graveshift demo --headless` serves scripts"):
        return 2
    return play(flags_of(typed), headless(typed), launch)


def play(flags: Flags, command: Sequence[str], launch: Launch) -> int:
    """Start, show the console, and stop whatever happens; the console's exit code."""
    stage, home = Stage(command), Home.KEPT_DEMO if "--keep" in command else Home.DEMO
    try:
        with stage.guarded():
            ready = stage.start()
            os.environ.update(
                GRAVESHIFT_URL=ready.api,
                GRAVESHIFT_TOKEN=ready.token,
                GRAVESHIFT_DEMO_DOWNSTREAM=ready.downstream,
                GRAVESHIFT_DEMO_HOME=home.value,
            )
            return launch(flags, None)
    except Stopped as stopped:
        return 128 + stopped.signal
    finally:
        stage.stop()


def headless(typed: argparse.Namespace) -> list[str]:
    """The command of the headless half, which ends when we do."""
    return backend.command("demo", ["--headless", "--with-parent", *options(typed)])


def options(typed: argparse.Namespace) -> list[str]:
    """What is passed on to the headless half, as it was typed."""
    given = [(name, getattr(typed, name)) for name in PASSED_ON]
    words = [f"--{name.replace('_', '-')}={value}" for name, value in given if value is not None]
    return [*words, "--keep"] if typed.keep else words


def port(text: str) -> int:
    """A port as typed; 0 is any free one."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return number


def parser() -> argparse.ArgumentParser:
    """The options of the demo and of its console."""
    parser = Parser(
        prog="graveshift demo",
        description="Start PostgreSQL, the backend, two workers, a producer and a downstream that fails, "
        "and open the console on them. Leaving the console stops and removes everything.",
        epilog="In the console, :demo break, :demo heal and :demo reset drive the downstream.",
    )
    add = parser.add_argument
    add("--headless", action="store_true", help="no console: print one JSON line when ready, serve until SIGTERM")
    add("--port", type=port, metavar="N", help="port of the API (a free one)")
    add("--data-dir", metavar="DIR", help="where the data lies (a temporary directory)")
    add("--keep", action="store_true", help="keep the data for the next start; needs --data-dir")
    add("--rate", type=float, metavar="N", help="jobs per second")
    add("--seed", type=int, metavar="N", help="makes the same jobs again")
    add("--letters", type=int, metavar="N", help="start with N dead letters")
    add_look(parser)
    return parser
