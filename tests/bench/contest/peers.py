"""The peers' own Python: a virtual environment beside ours, made at the first use and kept."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLACE = ROOT / ".venv-peers"
WANTED = ("pgqueuer==1.6.0", "procrastinate==3.10.0", "asyncpg==0.32.0", "psycopg[binary,pool]==3.3.9")


def python() -> Path:
    """The interpreter, with the peers installed."""
    stamp, found = PLACE / ".installed", PLACE / "bin" / "python"
    if not stamp.exists() or stamp.read_text().split() != list(WANTED):
        print("installing pgqueuer and procrastinate into .venv-peers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)
        subprocess.run([found, "-m", "pip", "install", "--quiet", *WANTED], check=True, stderr=subprocess.DEVNULL)
        stamp.write_text("\n".join(WANTED))
    return found
