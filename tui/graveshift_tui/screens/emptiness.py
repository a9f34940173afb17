"""What a list says where no row is: that nothing is there, or that nothing matches and what could be tried instead."""

from typing import Final

from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.paint import Line

WORDS: Final = "Whole words are looked for, in messages and names of errors."


def empty(words: str, filter: str, query: str, *, typed: bool) -> list[Line]:
    """`words` are of the list itself, `filter` says the one that holds; `typed` where going back lifts it."""
    if not filter:
        return [(), ((f"   {words}", "muted"),)]
    parts = parts_of_words(query)
    return [
        (),
        ((f"   Nothing matches {filter}.", "muted"),),
        *([((f"   {WORDS}", "faint"),), ((f"   Parts of a name: /{parts}", "faint"),)] if parts else []),
        (("   esc lifts the filter." if typed else "   esc goes back.", "faint"),),
    ]


def looking(filter: str) -> list[Line]:
    """Nothing was found so far, and not all was looked at."""
    return [(), ((f"   looking for what matches {filter}…" if filter else "   looking…", "muted"),)]


def parts_of_words(query: str) -> str:
    """The filter that looks for its words in the midst of error names; nothing where it has no words."""
    words = [word for word in query.split() if word.isalnum()]
    rest = [word for word in query.split() if not word.isalnum()]
    return clean(" ".join([*rest, *(f"error:*{word}*" for word in words)]), 200) if words else ""
