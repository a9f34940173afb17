"""What each way in loads, seen from a process of its own; every import here is paid for at each start."""

import os
import subprocess
import sys

import pytest

HEAVY = ("typer", "pydantic", "httpx", "textual", "sqlalchemy", "prometheus_api_client", "litestar", "anyio", "rich")
STAND_IN = """
import sys, types
app = types.ModuleType("graveshift_tui.app")
class ConsoleApp:
    return_code = 0
    fault = None
    def __init__(self, settings, start_at): self.at = start_at
    def run(self): print("at", self.at)
app.ConsoleApp = ConsoleApp
sys.modules["graveshift_tui.app"] = app
sys.stdin.isatty = sys.stdout.isatty = lambda: True
"""


def loaded(script: str) -> set[str]:
    """The heavy modules that `script` left loaded."""
    check = f"\nimport sys; print('loaded', *[name for name in {HEAVY!r} if name in sys.modules])"
    env = {**os.environ, "TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", script + check], capture_output=True, text=True, env=env, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("module", ["client", "conduct", "feed", "settings", "sanitize", "link", "__main__"])
def test_the_headless_half_is_light(module: str) -> None:
    assert loaded(f"import graveshift_tui.{module}") == set()


@pytest.mark.parametrize("argv", [[], ["open", "dlq/native:1"], ["--theme", "dark"]])
def test_the_console_itself_starts_with_nothing_heavy_but_its_app(argv: list[str]) -> None:
    script = f"{STAND_IN}sys.argv[1:] = {argv!r}\nfrom graveshift_tui.__main__ import main\nassert main() == 0"
    assert loaded(script) == set()


def test_get_needs_typer_but_neither_textual_nor_the_backend() -> None:
    found = loaded("import graveshift_tui.commands.reading, graveshift_tui.commands.acting")
    assert "typer" in found
    assert not found & {"textual", "httpx", "sqlalchemy", "litestar"}


def test_the_console_loads_nothing_of_the_backend_but_the_dictionary() -> None:
    script = "import graveshift_tui.feed, graveshift_tui.commands.acting, sys\n"
    script += "names = [n for n in sys.modules if n.startswith('graveshift.')]\n"
    script += "assert all(n.startswith('graveshift.wire') for n in names), names"
    loaded(script)
