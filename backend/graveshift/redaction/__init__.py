"""What must not be seen is not shown: secrets in payloads and error texts become `***`, by name and by look."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from graveshift.errors import SettingsError
from graveshift.redaction.looks import SHIPPED_LOOKS, Look, is_card_number
from graveshift.redaction.names import SHIPPED_NAMES, Names
from graveshift.redaction.pairs import mask_pairs

MASK = "***"
SHIPPED = "shipped"
KEPT_TEXTS = 4096
KEPT_LENGTH = 2048
SHORTEST = 6

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?(?P<colon>\s*:)?|[{}\[\]]|(?<![0-9.+-])[0-9]{12,}', re.DOTALL)
_HIDDEN = re.compile(r"\\(?:/|u00[2-7])")
_BARE = re.compile(r"\s*[^\s,\]}]*")
_TELLS_NOTHING = frozenset(("null", "true", "false", '""', ""))

Span = tuple[int, int, str]


class Redaction:
    """Names and looks that are secret. Where not `enabled`, everything is shown as it is.

    `paths` and `patterns` are as in the settings; `shipped` among them stands for the lists that come with graveshift.
    Raises SettingsError where an entry cannot be used. The work grows with the length of what is read and no faster,
    as far as own patterns do not.
    """

    def __init__(
        self, paths: Sequence[str] = (SHIPPED,), patterns: Sequence[str] = (SHIPPED,), *, enabled: bool = True
    ) -> None:
        self.enabled = enabled
        self._names = Names([name for path in paths for name in (SHIPPED_NAMES if path == SHIPPED else (path,))])
        self._looks = [look for pattern in patterns for look in _looks(pattern)]
        self._cards = SHIPPED in patterns
        self._kept = lru_cache(KEPT_TEXTS)(self._masked)

    def payload(self, raw: bytes) -> bytes:
        """The JSON with `"***"` for what is secret; all else keeps its bytes, numbers and order.

        Within a string only the part that is secret goes: `postgres://ana:***@db`. What is broken JSON stays broken.
        """
        if not self.enabled:
            return raw
        text, parts, done = raw.decode("utf-8", "surrogateescape"), [], 0
        for start, end, instead in self._spans(text):
            parts += [text[done:start], instead]
            done = end
        return "".join((*parts, text[done:])).encode("utf-8", "surrogateescape") if parts else raw

    def text(self, text: str) -> str:
        """A message or traceback, with `***` for what is secret in it."""
        if not self.enabled:
            return text
        return self._kept(text) if len(text) <= KEPT_LENGTH else self._masked(text)

    def _masked(self, text: str) -> str:
        return self._masked_by(self._likely(text), text)

    def _likely(self, text: str) -> list[Look]:
        low = text.lower()
        return [look for look in self._looks if look.may_be_in(text, low)]

    def _masked_by(self, looks: Sequence[Look], text: str) -> str:
        for look in looks:
            text = look.mask(text, MASK)
        return mask_pairs(text, self._names.names, MASK)

    def _spans(self, text: str) -> Iterator[Span]:
        """What is replaced, in order: from, to, by what. `state` is where dotted names stand in what opens next."""
        suspect = self._suspicion(text)
        stack, state, done = [self._names.start], self._names.start, 0
        for found in _TOKEN.finditer(text):
            start, end, token = found.start(), found.end(), found[0]
            if start < done:
                continue
            first = token[0]
            if found["colon"] is not None:
                below = self._names.below(stack[-1], _plain(token[: token.rindex('"') + 1]))
                state = below or ()
                if below is None:
                    done = _value_end(text, end)
                    yield from _instead(text, end, done)
            elif first == '"':
                if end - start >= SHORTEST and (looks := suspect(start, end, token)) is not None:
                    plain = _plain(token)
                    if (masked := self._masked_by(looks, plain)) != plain:
                        yield start, end, json.dumps(masked)
            elif first in "{[":
                stack.append(state)
            elif first in "]}":
                del stack[max(1, len(stack) - 1) :]
                state = stack[-1]
            elif self._cards and is_card_number(token):
                yield start, end, f'"{MASK}"'

    def _suspicion(self, text: str) -> Callable[[int, int, str], Sequence[Look] | None]:
        """Tells of each string, asked in order, by which looks it is worth being read; None: not at all.

        The whole text is looked over once. What is written with escapes is hidden from that, and is read in any case.
        """
        hidden = _HIDDEN.search(text) is not None
        looks = self._looks if hidden else self._likely(text)
        least = looks if hidden else [look for look in looks if look.own]
        found = () if hidden else (one.start() for look in looks for one in look.pattern.finditer(text))
        places = sorted(found, reverse=True)

        def suspect(start: int, end: int, token: str) -> Sequence[Look] | None:
            while places and places[-1] < start:
                places.pop()
            if "\\" in token or (places and places[-1] < end):
                return looks
            return least if least or "=" in token or ":" in token or "--" in token else None

        return suspect


def _looks(pattern: str) -> Sequence[Look]:
    if pattern == SHIPPED:
        return SHIPPED_LOOKS
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingsError(f"redaction.patterns: {pattern!r} is no regular expression: {error}") from error
    if compiled.search("") is not None:
        raise SettingsError(f"redaction.patterns: {pattern!r} finds something in an empty text")
    return (Look(compiled, own=True),)


def _plain(token: str) -> str:
    """The text of a JSON string; of a broken one what stands between its quotes."""
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token[1:-1]


def _instead(text: str, start: int, end: int) -> Iterator[Span]:
    """Null, true, false and an empty text give nothing away and stay."""
    value = text[start:end]
    if value.strip() not in _TELLS_NOTHING:
        yield start + len(value) - len(value.lstrip()), end, f'"{MASK}"'


def _value_end(text: str, start: int) -> int:
    """Where the value ends that begins after a colon: behind its last bracket or quote, or before a comma."""
    bare = _BARE.match(text, start)
    first = bare[0].lstrip()[:1] if bare else ""
    if bare is None or first not in ("{", "[", '"'):
        return bare.end() if bare else start
    depth = 0
    for found in _TOKEN.finditer(text, start):
        token = found[0]
        depth += (token[0] in "{[") - (token[0] in "]}")
        if depth <= 0:
            return found.end() - len(found["colon"] or "")
    return len(text)
