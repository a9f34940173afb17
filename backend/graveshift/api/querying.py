"""Help with the text of a filter: what its words may become, what is wrong with it and where, and secret values."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from graveshift.api.bodies import read
from graveshift.api.endpoint import Call
from graveshift.api.ports import Rooms
from graveshift.api.resources import RESOURCES, Resource, every_queue
from graveshift.errors import Invalid, Unreadable
from graveshift.query import Term, terms_of
from graveshift.query.completing import Word, examples, field_names, fitting, fitting_paths, word_at
from graveshift.query.keys import paths
from graveshift.selection.wording import which
from graveshift.wire.filters import Completion, NewSecret, QueryError, QueryHelp, Span, Token
from graveshift.wire.groups import Group
from graveshift.wire.jobs import JobState
from graveshift.wire.selection import Filter
from graveshift.wire.workers import WorkerState

MOST = 50
CAUSES = 200
# Keys of payloads are those of so many letters of each system, the newest; the conditions that choose them.
SAMPLE = 60
NAMES = ("queue", "kind", "error", "group", "system")
# Stands for a secret value that is still to be given, while the rest is looked at.
BLANK = f"hmac:{'0' * 16}-{'0' * 64}"


async def help_with(call: Call) -> QueryHelp:
    """Completions for the word under the cursor, and the error of the text, where it has one."""
    query = call.query
    resource = next((one for one in RESOURCES if one.name == query.resource and one.fields), None)
    if resource is None:
        named = ", ".join(one.name for one in RESOURCES if one.fields)
        raise Invalid(f"`{query.resource}` has no filter; there are {named} - at `$.resource`")
    word = word_at(query.text, len(query.text) if query.cursor is None else query.cursor)
    completions = await _completions(call.rooms, word, resource)
    span = Span(word.offset, word.length)
    try:
        terms = terms_of(query.text)
        chosen = await call.rooms.interpreter.meaning(_blanked(terms), resource.says, resource.name)
    except Unreadable as error:
        return QueryHelp(span, completions, QueryError(**error.extra, words=error.detail), "")
    asks = [Span(term.value_at, 1) for term in terms if term.asks]
    return QueryHelp(span, completions, None, which(chosen).strip(), asks)


async def secret(call: Call) -> Token:
    """What stands for the value in texts; the value itself is kept nowhere."""
    return Token(call.rooms.vault.veil.token(read(call.body, NewSecret).value))


def _blanked(terms: Sequence[Term]) -> list[Term]:
    return [structs.replace(term, value=BLANK) if term.asks else term for term in terms]


async def _completions(rooms: Rooms, word: Word, resource: Resource) -> list[Completion]:
    if word.field is None:
        return [Completion(*found) for found in field_names(word, resource.says)]
    if word.field == "payload":
        return (await _keys(rooms, word) if "contains" in resource.says else [])[:MOST]
    if found := examples(word):
        return [Completion(one) for one in found]
    return [Completion(one) for one in fitting(word, await _values(rooms, word.field, resource))][:MOST]


async def _keys(rooms: Rooms, word: Word) -> list[Completion]:
    """Those in the payloads of the newest letters, of what the rest of the text names."""
    if word.in_value:
        return []
    chosen = await _named(rooms, word.rest)
    payloads = [one for letters in rooms.letters.values() for one in await letters.carried(chosen, SAMPLE)]
    found = paths(payloads, lambda key: rooms.redaction.text(key) == key)
    return [Completion(path, f"in {n} of {len(payloads)} letters") for path, n in fitting_paths(word, found)]


async def _named(rooms: Rooms, text: str) -> Filter:
    """What the names in a text mean; nothing of a text that cannot be understood as yet."""
    try:
        terms = [term for term in terms_of(text) if term.field in NAMES]
        return await rooms.interpreter.meaning(terms)
    except Unreadable:
        return Filter()


async def _values(rooms: Rooms, field: str, resource: Resource) -> Iterable[str]:
    """Those that are there now."""
    match field:
        case "queue":
            return [queue.name for queue in await every_queue(rooms)]
        case "system":
            return sorted(rooms.sources)
        case "state":
            return list(WorkerState if resource.name == "workers" else JobState)
        case "saved":
            return sorted(await rooms.interpreter.filters.texts())
        case "kind" | "error" | "group" | "version":
            return [value for group in await _causes(rooms) for value in _of_cause(group, field) if value]
    return []


def _of_cause(group: Group, field: str) -> Sequence[str | None]:
    match field:
        case "kind":
            return (group.kind,)
        case "error":
            return (group.error_type,)
        case "group":
            return (group.fingerprint,)
    return (group.last_version, group.first_version)


async def _causes(rooms: Rooms) -> list[Group]:
    """The fastest growing of every system, then the largest."""
    pages = [await letters.groups(Filter(), None, CAUSES) for letters in rooms.letters.values()]
    return [group for page in pages for group in page.items]
