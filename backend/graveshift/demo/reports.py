"""The files that the demo's reports are parsed from: most are sound, a few are broken in ways seen everywhere."""

import random
from pathlib import Path

SOUND = 40
BROKEN = {
    "no-iban.csv": b"name,amount\nacme,12.50\nbolt,3.10\n",
    "words.csv": b"name,iban,amount\nacme,DE02120300000000202051,twelve\n",
    "latin1.csv": b"name,iban,amount\nM\xfcller,DE02120300000000202051,9.99\n",
    "empty.csv": b"name,iban,amount\n",
}


def write_reports(folder: Path, seed: int) -> list[str]:
    """Write the files into `folder`; returns the names of the sound ones."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    dice = random.Random(seed)  # noqa: S311 - a demo that repeats itself
    names = [f"report-{number:03}.csv" for number in range(SOUND)]
    for name in names:
        rows = [
            f"customer-{dice.randrange(90)},DE{dice.randrange(10**20):020},{dice.uniform(1, 900):.2f}"
            for _ in range(20)
        ]
        (folder / name).write_text("name,iban,amount\n" + "\n".join(rows) + "\n", encoding="utf-8")
    for name, content in BROKEN.items():
        (folder / name).write_bytes(content)
    return names
