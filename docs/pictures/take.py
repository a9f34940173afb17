"""Take a picture of the real console: `python docs/pictures/take.py overview.png [KEYS]`, with GRAVESHIFT_URL set.

It runs the console in a pseudo-terminal, draws what that shows as SVG, and has rsvg-convert make a PNG of it.
"""

import os
import subprocess
import sys
import time
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tui"), str(ROOT / "backend")]

from tests.pty.terminal import Terminal  # noqa: E402

SIZE = COLUMNS, ROWS = 100, 28
CELL_W, CELL_H, BASE, EDGE = 9.63, 20, 15, 12
FONT = "font-family='DejaVu Sans Mono' font-size='16' xml:space='preserve'"
TEXT, GROUND = "c8ccd4", "12151a"


def colours(cell: pyte.screens.Char) -> tuple[str, str, bool]:
    """Foreground, background, bold."""
    front = TEXT if cell.fg == "default" else cell.fg
    back = GROUND if cell.bg == "default" else cell.bg
    return (back, front, cell.bold) if cell.reverse else (front, back, cell.bold)


def line(cells: list[pyte.screens.Char], y: float) -> str:
    """Runs of one colour: a rectangle and a text each."""
    parts, x = [], float(EDGE)
    for (front, back, bold), run in groupby(cells, colours):
        words = "".join(cell.data for cell in run)
        width = len(words) * CELL_W
        weight = " font-weight='bold'" if bold else ""
        parts.append(f"<rect x='{x:.2f}' y='{y}' width='{width + 0.3:.2f}' height='{CELL_H}' fill='#{back}'/>")
        if words.strip():
            size = f"textLength='{width:.2f}'"
            parts.append(
                f"<text x='{x:.2f}' y='{y + BASE}' fill='#{front}' {size} {FONT}{weight}>{escape(words)}</text>"
            )
        x += width
    return "".join(parts)


def picture(screen: pyte.Screen) -> str:
    """The screen as SVG, in a frame of its own colour."""
    rows = [[screen.buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS)]
    width, height = COLUMNS * CELL_W + 2 * EDGE, ROWS * CELL_H + 2 * EDGE
    drawn = "".join(line(cells, EDGE + y * CELL_H) for y, cells in enumerate(rows))
    ground = colours(rows[ROWS - 3][COLUMNS - 1])[1]
    frame = f"<rect width='100%' height='100%' rx='10' fill='#{ground}'/>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height}'>{frame}{drawn}</svg>"


def main(target: str, keys: str = "") -> None:
    """Open the console, press the keys one by one, and draw."""
    given = {name: value for name, value in os.environ.items() if name.startswith("GRAVESHIFT_")}
    with Terminal([sys.executable, "-m", "graveshift_tui"], size=SIZE, env=given) as terminal:
        time.sleep(6)
        for key in keys:
            terminal.send(key)
            time.sleep(1.5)
        screen = pyte.Screen(*SIZE)
        pyte.ByteStream(screen).feed(bytes(terminal.raw))
    png = Path(__file__).parent / target
    command = ["rsvg-convert", "--zoom=1.05", f"--output={png}"]
    subprocess.run(command, input=picture(screen).encode(), check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
