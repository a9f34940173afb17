"""What the backend says of a filter's text, by its own rooms: the console knows nothing of the language."""

from datetime import datetime

from msgspec.structs import replace

from graveshift.errors import Unreadable
from graveshift.query import Saying, terms_of, understood
from graveshift.query.completing import field_names, word_at
from graveshift.selection.wording import which
from graveshift.wire.filters import Completion, QueryError, QueryHelp, Span
from graveshift.wire.selection import LETTER_FIELDS, Filter

BLANK = f"hmac:{'0' * 16}-{'0' * 64}"


def meaning(text: str, now: datetime) -> Filter:
    return understood(terms_of(text), Saying(now))


def help_with(text: str, cursor: int | None, now: datetime) -> QueryHelp:
    word = word_at(text, len(text) if cursor is None else cursor)
    fields = field_names(word, LETTER_FIELDS) if word.field is None else []
    span, found = Span(word.offset, word.length), [Completion(*one) for one in fields]
    try:
        terms = terms_of(text)
        shown = [replace(term, value=BLANK) if term.asks else term for term in terms]
        meant = which(understood(shown, Saying(now))).strip()
    except Unreadable as error:
        return QueryHelp(span, found, QueryError(**error.extra, words=error.detail), "")
    return QueryHelp(span, found, None, meant, [Span(term.value_at, 1) for term in terms if term.asks])
