"""A filter's text as others may see it: what it looks for at a secret place of the payload is `***`."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from graveshift.errors import Unreadable
from graveshift.query.reading import terms_of
from graveshift.query.terms import Key, Term

MASK = "***"
HASHED = "hmac:"


def hidden(text: str, payload: Callable[[bytes], bytes], words: Callable[[str], str]) -> str:
    """`payload` masks JSON and `words` a text; a text that cannot be read is masked as words."""
    try:
        terms = terms_of(text)
    except Unreadable:
        return words(text)
    for term in reversed(terms):
        if _is_secret(term, payload):
            text = text[: term.value_at] + MASK + text[term.offset + term.length :]
    return words(text)


def _is_secret(term: Term, payload: Callable[[bytes], bytes]) -> bool:
    if not term.path or (term.value.startswith(HASHED) and not term.quoted):
        return False
    carried = json.dumps(_carried(term.path, term.value)).encode()
    return payload(carried) != carried


def _carried(path: Sequence[Key], value: str) -> Any:
    """The payload that has the value at that place."""
    found: Any = value
    for key in reversed(path):
        found = {key.name: [found] if key.many else found}
    return found
