"""`:export FILE`: what the list of dead letters shows goes into a file on the console's own host."""

from pathlib import Path
from typing import Final

from graveshift.wire.dlq import Letter
from graveshift_tui.card import Subject
from graveshift_tui.client import Client
from graveshift_tui.format import things
from graveshift_tui.saving import FORMATS, export_params, save
from graveshift_tui.screens.typed import Unclear

MOST_MARKS: Final = 1000


def plan_of(subject: Subject, text: str) -> tuple[Path, dict[str, str]]:
    """Where to, and which letters: the marks or the one that is open, else all that the filter lets through.

    Raises Unclear where there are no letters, or no file was named.
    """
    if subject.card != "dlq":
        raise Unclear("an export is of dead letters: go to them first")
    if not text.strip():
        raise Unclear("`:export FILE` wants a file, as in `:export mail.csv`")
    path = Path(text.strip()).expanduser().absolute()
    is_csv = path.suffix.lower() == ".csv"
    params = {"format": FORMATS[1] if is_csv else FORMATS[0]}
    if not (subject.marked or subject.alone) or subject.whole:
        return path, params | ({"q": subject.query} if subject.query else export_params(subject.filter))
    ids = [letter.id for letter in subject.rows if isinstance(letter, Letter)]
    if not ids or len(ids) > MOST_MARKS:
        raise Unclear(
            f"up to {MOST_MARKS:,} marked letters can be exported; filter instead" if ids else "nothing is here"
        )
    return path, params | {"ids": ",".join(ids)}


async def exported(client: Client, path: Path, params: dict[str, str]) -> str:
    """What to say when it is done."""
    letters = await save(client, params, path, force=False, told=lambda come: None)
    return f"{things(letters, 'letter')} exported to {path}"
