"""What terms mean as a Filter, at a moment, for things that have some of its conditions."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from graveshift.errors import Unreadable
from graveshift.query.fields import FIELDS, WORDS
from graveshift.query.terms import Key, Term
from graveshift.query.times import is_age, moment_of, needs_clock
from graveshift.wire import ids
from graveshift.wire.selection import Filter, Veiled

Parts = dict[str, Any]

NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
TOKEN = re.compile(r"hmac:[0-9a-f]{16}-[0-9a-f]{64}", re.ASCII)
LETTER = re.compile(r"[^\W_]")


class Saying(Struct, frozen=True):
    """What a text stands in: `now` for its relative times, `saved` filters by name, and `fields` of Filter it may set.

    `things` are what is filtered, in words; `fields` None: any.
    """

    now: datetime
    saved: Mapping[str, Filter] = {}
    fields: frozenset[str] | None = None
    things: str = "these"


def understood(terms: Sequence[Term], saying: Saying) -> Filter:
    """All of them hold. Raises Unreadable at the term that says what cannot be."""
    parts: Parts = {}
    without: list[Filter] = []
    for term in terms:
        said = _parts(term, saying)
        _check_fields(term, said, saying)
        try:
            if term.negated:
                without.append(Filter(**said))
                Filter(without=without[-1:])
            else:
                _join(parts, said, term)
        except ValueError as error:
            raise _at(term, str(error)) from error
    return _checked({**parts, "without": [*parts.get("without", []), *without]}, terms)


def saved_in(terms: Sequence[Term]) -> list[str]:
    """The names of saved filters that are meant."""
    return [term.value for term in terms if term.field == "saved"]


def bearings(terms: Sequence[Term]) -> bool:
    """True where what it means depends on the time."""
    return any(FIELDS[term.field].takes == "time" and needs_clock(term.value) for term in terms if term.field)


def _parts(term: Term, saying: Saying) -> Parts:
    if term.field is None:
        return _words(term)
    takes = FIELDS[term.field].takes
    if "*" in term.value and takes in ("name", "cause") and not FIELDS[term.field].stars:
        starred = ", ".join(f"`{name}:`" for name, field in FIELDS.items() if field.stars)
        raise _at(term, f"`{term.field}:` takes one whole name; a `*` stands for anything in {starred}")
    if term.op and takes not in ("time", "number"):
        raise _at(term, f"`{term.field}:` takes no `{term.op}`; a value that begins with it stands in quotes")
    return TAKES[takes](term, saying)


def _words(term: Term) -> Parts:
    if not LETTER.search(term.value):
        raise _at(term, "there is no word in it to look for")
    return {"phrases": [term.value]} if term.quoted else {"text": term.value}


def _name(term: Term, _: Saying) -> Parts:
    return {FIELDS[term.name].sets[0]: term.value}


def _cause(term: Term, _: Saying) -> Parts:
    decoded = ids.decode(term.value)
    if decoded is None:
        return {"fingerprint": term.value}
    system, native = decoded
    parts = native.rsplit("/", 2)
    if len(parts) != 3:
        raise _at(term, f"`{term.value}` is neither a fingerprint nor the id of a group")
    return {"system": system, **dict(zip(("queue", "kind", "fingerprint"), parts, strict=True))}


def _number(term: Term, _: Saying) -> Parts:
    low, high = FIELDS[term.name].sets
    if not re.fullmatch(r"\d{1,6}", term.value, re.ASCII):
        raise _at(term, f"`{term.name}:` takes a number, as in {term.name}:>3")
    n = int(term.value)
    match term.op:
        case ">":
            return {low: n + 1}
        case ">=":
            return {low: n}
        case "<" if n == 0:
            raise _at(term, "nothing is below 0")
        case "<":
            return {high: n - 1}
        case "<=":
            return {high: n}
    return {low: n, high: n}


def _time(term: Term, saying: Saying) -> Parts:
    after, before = FIELDS[term.name].sets
    example = f"as in {term.name}:<2h, {term.name}:>03:00 or {term.name}:>2026-11-22T03:00Z"
    if term.op not in ("<", ">"):
        raise _at(term, f"`{term.name}:` takes `<` or `>` and a time, {example}")
    moment = moment_of(term.value, saying.now)
    if moment is None:
        raise _at(term, f"`{term.value}` is no time, {example}")
    later = (term.op == "<") == is_age(term.value)
    return {after if later else before: moment}


def _path(term: Term, _: Saying) -> Parts:
    if term.asks:
        raise _at(term, "`?` stands for a secret value, which is given apart: see `POST /v1/query/secret`")
    if not term.quoted and TOKEN.fullmatch(term.value):
        if any(key.many for key in term.path):
            raise _at(term, "a secret value is compared at one place, not in a list")
        return {"veiled": [Veiled([key.name for key in term.path], term.value)]}
    return {"contains": [[_object(term.path, value) for value in _values(term)]]}


def _values(term: Term) -> list[str]:
    """As JSON: what is bare is also the text that it looks like."""
    text = json.dumps(term.value)
    literal = not term.quoted and (term.value in ("true", "false", "null") or NUMBER.fullmatch(term.value))
    return [term.value, text] if literal else [text]


def _object(path: Sequence[Key], value: str) -> str:
    for key in reversed(path):
        inner = f"[{value}]" if key.many else value
        value = f"{{{json.dumps(key.name)}: {inner}}}"
    return value


def _saved(term: Term, saying: Saying) -> Parts:
    if term.value not in saying.saved:
        raise _at(term, f"no filter is saved as `{term.value}`")
    found = saying.saved[term.value]
    if term.negated and found.without:
        raise _at(term, f"`{term.value}` leaves something out itself, so it cannot be left out")
    return {name: getattr(found, name) for name in found.__struct_fields__ if getattr(found, name) not in (None, [])}


TAKES: Mapping[str, Callable[[Term, Saying], Parts]] = {
    "name": _name,
    "cause": _cause,
    "number": _number,
    "time": _time,
    "path": _path,
    "filter": _saved,
}


def _check_fields(term: Term, said: Parts, saying: Saying) -> None:
    if saying.fields is None:
        return
    own = frozenset().union(*(one.given for one in said.get("without", [])), said.keys() - {"without"})
    if own - saying.fields:
        sayable = [name for name, field in FIELDS.items() if saying.fields.intersection(field.sets)]
        words = ["words of the message"] if saying.fields.intersection(WORDS) else []
        what = f"`{term.field}:`" if term.field else "a word"
        raise _at(term, f"{what} says nothing of {saying.things}; there are {', '.join([*sayable, *words])}")


def _join(parts: Parts, said: Parts, term: Term) -> None:
    for name, value in said.items():
        if isinstance(value, list):
            parts[name] = [*parts.get(name, []), *value]
        elif name not in parts or parts[name] == value:
            parts[name] = value
        elif name == "text":
            parts[name] = f"{parts[name]} {value}"
        else:
            raise _at(term, f"`{term.name}:` is given twice, and both cannot hold")


def _checked(parts: Parts, terms: Sequence[Term]) -> Filter:
    """As the wire would take it."""
    try:
        return msgspec.convert(msgspec.to_builtins(Filter(**parts)), Filter)
    except (ValueError, msgspec.ValidationError) as error:
        first, last = (terms[0], terms[-1]) if terms else (Term(value=""), Term(value=""))
        raise Unreadable(str(error), first.offset, last.offset + last.length - first.offset) from error


def _at(term: Term, words: str) -> Unreadable:
    return Unreadable(words, term.offset, term.length)
