"""A filter text read into terms; what cannot be read is refused with its place and in words."""

import re
from difflib import get_close_matches

from graveshift.errors import Unreadable
from graveshift.query.fields import FIELDS
from graveshift.query.terms import Key, Term

LONGEST, MOST, DEEPEST = 4096, 64, 16
OPERATORS = (">=", "<=", ">", "<")
NAME = re.compile(r'[^\s":=]*')
BARE = re.compile(r'[^\s"]*')
KEY = re.compile(r'[^\s":=.\[\]]+')
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPED = re.compile(r'\\(["\\])')
BLANK = re.compile(r"\s*")
PAYLOAD = "payload."


def terms_of(text: str) -> list[Term]:
    """In their order. Raises Unreadable."""
    if len(text) > LONGEST:
        raise Unreadable(f"a filter has at most {LONGEST:,} characters", LONGEST, len(text) - LONGEST)
    if "\0" in text:
        raise Unreadable("U+0000 has no place in a filter", text.index("\0"), 1)
    found: list[Term] = []
    at = _blanks(text, 0)
    while at < len(text):
        if len(found) == MOST:
            raise Unreadable(f"a filter has at most {MOST} terms", at, len(text) - at)
        term = _term(text, at)
        found.append(term)
        at = _blanks(text, term.offset + term.length)
    return found


def _term(text: str, start: int) -> Term:
    negated = text[start] == "-"
    at = start + negated
    if negated and (at == len(text) or text[at].isspace()):
        raise Unreadable("`-` leaves out what follows it at once", start, 1)
    if text.startswith('"', at):
        return _valued(text, start, at, Term(value="", negated=negated))
    if text.startswith(PAYLOAD, at):
        path, end = _path(text, at + len(PAYLOAD), at)
        return _valued(text, start, end, Term(field="payload", path=path, value="", negated=negated))
    name = _match(NAME, text, at)
    end = at + len(name)
    match text[end : end + 1]:
        case ":":
            return _valued(text, start, end + 1, Term(field=_field(name, at), value="", negated=negated))
        case "=":
            raise Unreadable(_no_equals(name), at, len(name) + 1)
        case '"':
            raise Unreadable("a quote stands only around the whole of a text", end, 1)
    return Term(value=name, negated=negated, offset=start, length=end - start, value_at=at)


def _valued(text: str, start: int, at: int, term: Term) -> Term:
    """The term with its operator and value, which end at a blank or at the end of the text."""
    op = next((op for op in OPERATORS if term.field and not term.path and text.startswith(op, at)), "")
    value_at = at + len(op)
    value, end, quoted = _value(text, value_at)
    if not value and not quoted:
        said = text[start:end]
        raise Unreadable(f"`{said}` needs a value", start, end - start)
    return Term(
        field=term.field,
        path=term.path,
        op=op,
        value=value,
        quoted=quoted,
        negated=term.negated,
        offset=start,
        length=end - start,
        value_at=value_at,
    )


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """The value at a place, where it ends, and whether it was quoted."""
    if text.startswith('"', at):
        found = QUOTED.match(text, at)
        if found is None:
            raise Unreadable("this quote is not closed", at, len(text) - at)
        end = found.end()
        if end < len(text) and not text[end].isspace():
            raise Unreadable("after a closing quote comes a blank", end, 1)
        return ESCAPED.sub(r"\1", found[1]), end, True
    value = _match(BARE, text, at)
    end = at + len(value)
    if text.startswith('"', end):
        raise Unreadable("a quote stands only around the whole of a value", end, 1)
    return value, end, False


def _path(text: str, at: int, start: int) -> tuple[tuple[Key, ...], int]:
    """The keys up to `=`, and where the value begins."""
    keys: list[Key] = []
    while True:
        key, at = _key(text, at, start)
        keys.append(key)
        following = text[at : at + 1]
        if following == "=" and len(keys) <= DEEPEST:
            return tuple(keys), at + 1
        if following != "." or len(keys) >= DEEPEST:
            said = "is too deep" if following == "." else "needs a value, as in payload.user=42"
            raise Unreadable(f"`{text[start:at]}` {said}", start, at - start)
        at += 1


def _key(text: str, at: int, start: int) -> tuple[Key, int]:
    if text.startswith('"', at):
        found = QUOTED.match(text, at)
        if found is None:
            raise Unreadable("this quote is not closed", at, len(text) - at)
        name, at = ESCAPED.sub(r"\1", found[1]), found.end()
    else:
        name = _match(KEY, text, at)
        if not name:
            raise Unreadable("a key of the payload is missing", start, max(at - start, 1))
        at += len(name)
    many = text.startswith("[]", at)
    return Key(name, many), at + 2 * many


def _field(name: str, at: int) -> str:
    if name in FIELDS:
        return name
    near = get_close_matches(name.lower(), FIELDS, n=1)
    meant = f"did you mean `{near[0]}:`? " if near else ""
    said = f"there is no field `{name}`; {meant}" if name else "a field's name is missing; "
    raise Unreadable(f"{said}a text with `:` in it is searched for in quotes", at, len(name) + 1)


def _no_equals(name: str) -> str:
    if name in FIELDS:
        return f"`=` is for payloads; say `{name}:`"
    return f"`=` is for payloads, as in payload.{name or 'user'}=42; a text with `=` in it is searched for in quotes"


def _blanks(text: str, at: int) -> int:
    return at + len(_match(BLANK, text, at))


def _match(pattern: re.Pattern[str], text: str, at: int) -> str:
    found = pattern.match(text, at)
    return found[0] if found else ""
