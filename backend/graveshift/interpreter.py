"""The meaning of a filter's text here and now: by the database's clock, and with the filters that are saved."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from graveshift.errors import Invalid, Unreadable
from graveshift.query import Saying, Term, bearings, saved_in, terms_of, understood
from graveshift.store.filters import FilterBook
from graveshift.wire.selection import Filter

Texts = Mapping[str, str]

# Saved filters that name saved filters, so deep.
DEEPEST = 8
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


class Interpreter:
    """The clock and the saved filters are asked only for a text that needs them; nothing is kept in between."""

    def __init__(self, now: Callable[[], Awaitable[datetime]], filters: FilterBook) -> None:
        self._now = now
        self.filters = filters

    async def filter(self, text: str, fields: frozenset[str] | None = None, things: str = "these") -> Filter:
        """What the text means of `things`, of which `fields` of Filter can be said, None: any. Raises Unreadable."""
        return await self.meaning(terms_of(text), fields, things)

    async def meaning(
        self, terms: Sequence[Term], fields: frozenset[str] | None = None, things: str = "these"
    ) -> Filter:
        """The same of a text that was read."""
        if not saved_in(terms):
            now = await self._now() if bearings(terms) else LONG_AGO
            return understood(terms, Saying(now, {}, fields, things))
        now, texts = await self._now(), await self.filters.texts()
        return _meaning(terms, Saying(now, {}, fields, things), texts, ())

    async def check(self, name: str, text: str) -> Filter:
        """What a text would mean if it were saved by this name. Raises Invalid where it leads back to itself."""
        texts = {**await self.filters.texts(), name: text}
        return _meaning(terms_of(text), Saying(await self._now()), texts, (name,))


def _meaning(terms: Sequence[Term], saying: Saying, texts: Texts, within: tuple[str, ...]) -> Filter:
    saved: dict[str, Filter] = {}
    for term in terms:
        if term.field == "saved" and term.value in texts:
            saved[term.value] = _expanded(term, saying, texts, within)
    return understood(terms, Saying(saying.now, saved, saying.fields, saying.things))


def _expanded(term: Term, saying: Saying, texts: Texts, within: tuple[str, ...]) -> Filter:
    name = term.value
    if name in within or len(within) == DEEPEST:
        said = f"`saved:{name}` leads back to itself" if name in within else "saved filters name each other too deeply"
        raise Unreadable(said, term.offset, term.length)
    try:
        return _meaning(terms_of(texts[name]), Saying(saying.now), texts, (*within, name))
    except Unreadable as error:
        said = f"the saved filter `{name}` cannot be understood: {error.detail}"
        raise Unreadable(said, term.offset, term.length) from error


def query_of(args: Mapping[str, object]) -> str | None:
    """The text of the selection in a verb's arguments; None where it is chosen otherwise.

    Raises Invalid where it is chosen in another way too.
    """
    selection = args.get("selection")
    if not isinstance(selection, Mapping) or selection.get("query") is None:
        return None
    text = selection["query"]
    if not isinstance(text, str):
        raise Invalid("Expected `str`, got something else - at `$.selection.query`")
    if any(selection.get(other) is not None for other in ("ids", "filter", "all")):
        raise Invalid("a selection is exactly one of `ids`, `filter`, `query` and `all: true`")
    return text


def meant(args: Mapping[str, object], chosen: Mapping[str, object] | None) -> dict[str, object]:
    """The arguments with the filter in the place of its text; as they are where there is none."""
    if chosen is None:
        return dict(args)
    selection = args.get("selection")
    rest = {key: value for key, value in selection.items() if key != "query"} if isinstance(selection, Mapping) else {}
    return {**args, "selection": {**rest, "filter": dict(chosen)}}
