"""`python -m tests.bench NAME [--quick] [--json FILE]`: 0 where every budget is met."""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from tests.bench.report import Figure, table

NOT_A_BENCH = ("report", "bare_app")


def main() -> int:
    """Run one bench; the exit code."""
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("name", choices=names())
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append one JSON line per figure")
    typed = parser.parse_args()
    if typed.json is not None and not typed.json.resolve().parent.is_dir():
        parser.error(f"--json {typed.json}: there is no such folder")
    figures: list[Figure] = import_module(f"tests.bench.{typed.name}").measure(quick=typed.quick)
    print(table(typed.name, figures))
    if typed.json is not None:
        with typed.json.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"bench": typed.name, **figure.as_dict()}) + "\n" for figure in figures)
    return 0 if all(figure.met for figure in figures) else 1


def names() -> list[str]:
    """Every module here that measures something."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem not in NOT_A_BENCH)


if __name__ == "__main__":
    sys.exit(main())
