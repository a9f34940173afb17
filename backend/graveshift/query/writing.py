"""Terms written as a text that reads as the same terms."""

import re
from collections.abc import Iterable

from graveshift.query.terms import Key, Term

PLAIN_KEY = re.compile(r'[^\s":=.\[\]]+')


def written(terms: Iterable[Term]) -> str:
    """One blank between each two."""
    return " ".join(map(_term, terms))


def _term(term: Term) -> str:
    minus = "-" if term.negated else ""
    value = quoted(term.value) if term.quoted else term.value
    if term.path:
        return f"{minus}payload.{path_of(term.path)}={value}"
    return f"{minus}{term.field}:{term.op}{value}" if term.field else minus + value


def path_of(keys: Iterable[Key]) -> str:
    """`to."a b".items[].sku`: what stands between `payload.` and `=`."""
    return ".".join(map(_key, keys))


def quoted(text: str) -> str:
    """In quotes; those in it, and backslashes, escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key(key: Key) -> str:
    plain = PLAIN_KEY.fullmatch(key.name)
    return (key.name if plain else quoted(key.name)) + ("[]" if key.many else "")
