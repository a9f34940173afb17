"""What every command that opens the console shares: its options, and whether this terminal can show it."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError, Flags

PLAIN = "xterm-256color"


class Misused(ConsoleError):
    """this cannot be understood"""

    exit_code = 2


class Parser(argparse.ArgumentParser):
    """argparse, with its errors on one line."""

    def error(self, message: str) -> NoReturn:
        """Say it and end with 2."""
        self.exit(2, f"{self.prog}: {clean(message, 500)}; see {self.prog} --help\n")


def add_place(parser: argparse.ArgumentParser) -> None:
    """Options that say where the backend is."""
    add = parser.add_argument
    add("--url", help="the backend: http://..., https://... or unix:/path")
    add("--token-file", type=Path, metavar="FILE", help="a file that holds the bearer token")


def add_look(parser: argparse.ArgumentParser) -> None:
    """Options that say how the console behaves."""
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE", help="console.yaml to use instead of your own")
    add("--keymap", type=Path, metavar="FILE", help="keymap.yaml to use instead of the shipped one")
    add("--theme", metavar="NAME", help="the colours, by name")
    add("--mouse", action=argparse.BooleanOptionalAction, default=None, help="off by default over SSH")
    add("--read-only", action="store_true", default=None, help="look, never touch")
    add("--interval", dest="interval_s", type=float, metavar="S", help="seconds between reads (1)")


def flags_of(typed: argparse.Namespace) -> Flags:
    """What was typed of these options."""
    names = (name for name in Flags.__struct_fields__ if hasattr(typed, name))
    return Flags(**{name: getattr(typed, name) for name in names})


def refused(instead: str) -> bool:
    """True, and said on standard error, where the console cannot be shown; `instead` is what works here."""
    why = why_not_here(os.environ, sys.stdin.isatty() and sys.stdout.isatty())
    if why:
        print(f"graveshift: {why}; {instead}", file=sys.stderr)
    os.environ["TERM"] = os.environ.get("TERM") or PLAIN
    return why is not None


def why_not_here(env: Mapping[str, str], on_terminal: bool) -> str | None:
    """Why the console cannot be shown, or None where it can; a terminal without a name is taken for a plain one."""
    if not on_terminal:
        return "the console needs a terminal"
    if env.get("TERM") == "dumb":
        return "the console cannot draw on TERM=dumb"
    return None
