"""What to read about a cause: pages that come with graveshift, or addresses of one's own; matched by patterns."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct

from graveshift.errors import SettingsError
from graveshift.patterns import Pattern
from graveshift.rules import RunbookRule
from graveshift.wire.groups import RunbookLink
from graveshift.wire.runbooks import Runbook

HERE = Path(__file__).parent
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Runbooks(Struct, frozen=True):
    """Rules in order: the first that matches tells."""

    rules: Sequence[RunbookRule] = ()

    def of(self, error_type: str, message: str, queue: str, kind: str) -> RunbookLink | None:
        """What to read about such a cause; None where no rule speaks of it."""
        error = f"{error_type}: {message}"
        for rule in self.rules:
            wanted = ((rule.match.error, error), (rule.match.queue, queue), (rule.match.kind, kind))
            if all(pattern is None or Pattern(pattern).found(text) for pattern, text in wanted):
                return RunbookLink(rule.title or rule.page or rule.url or "", rule.page, rule.url)
        return None


def runbooks_of(rules: Sequence[RunbookRule]) -> Runbooks:
    """From the settings. Raises SettingsError for a page that is none of ours, with the nearest one."""
    for place, rule in enumerate(rules):
        if rule.page is not None and rule.page not in (known := pages()):
            near = get_close_matches(rule.page, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
            raise SettingsError(f"runbooks[{place}].page: there is no page `{rule.page}`; {hint}")
    return Runbooks(tuple(rules))


def folder() -> Path:
    """Where the pages lie: in the installed package, else in the checkout."""
    packaged = HERE / "_data" / "runbooks"
    return packaged if packaged.exists() else HERE.parents[1] / "docs" / "runbooks"


def pages() -> Mapping[str, Path]:
    """Every page by its name."""
    return {path.stem: path for path in sorted(folder().glob("*.md")) if NAME.fullmatch(path.stem)}


def page(name: str) -> Runbook | None:
    """One page with its text; None where there is none of this name."""
    path = pages().get(name)
    return None if path is None else _read(path)


def every() -> list[Runbook]:
    """All of them, by name."""
    return [_read(path) for path in pages().values()]


def _read(path: Path) -> Runbook:
    text = path.read_text()
    first = text.partition("\n")[0].lstrip("# ").strip()
    return Runbook(path.stem, path.stem, first or path.stem, text)
