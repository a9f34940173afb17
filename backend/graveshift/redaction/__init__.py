"""What must not be seen is not shown: secrets in payloads and error texts become `***`, by name and by look."""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from graveshift.errors import SettingsError
from graveshift.redaction.deep import deep_spans, has_pairs
from graveshift.redaction.looks import SHIPPED_LOOKS, Look, adds_up, classes_of, is_card_number
from graveshift.redaction.names import SHIPPED_NAMES, Names
from graveshift.redaction.pairs import mask_pairs, pair_names
from graveshift.redaction.strings import FLAT, MASK, NUMBERS, STRINGS, Span, masked_value, plain, plains, value_end

SHIPPED = "shipped"
KEPT_TEXTS = 4096
KEPT_LENGTH = 2048
SHORTEST = 4
FEW = 32


class _Finds(Struct):
    """What a look over a whole text has found: secret keys, strings with what they become, and hits of `looks`.

    `places` are where these are, the last first. `deep` where it matters, too, where something stands.
    """

    keys: set[str]
    strings: dict[str, str]
    looks: Sequence[Look]
    places: list[int]
    cards: set[str]
    deep: bool

    def instead(self, found: re.Match[str], masked: "Redaction") -> str | None:
        """What a string or number becomes; None where it stays. Asked in order."""
        content = found[1]
        if content is None:
            return f'"{MASK}"' if found[3] in self.cards else None
        if (known := self.strings.get(content)) is not None:
            return json.dumps(known)
        while self.places and self.places[-1] < found.start():
            self.places.pop()
        if not self.places or self.places[-1] >= found.end() or len(content) < SHORTEST:
            return None
        text = plain(content)
        shown = masked.by(self.looks, text)
        return json.dumps(shown) if shown != text else None


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
        self._own = [look for look in self._looks if look.own]
        self._cards = SHIPPED in patterns
        self._kept = lru_cache(KEPT_TEXTS)(self._masked)

    def payload(self, raw: bytes) -> bytes:
        """The JSON with `"***"` for what is secret; all else keeps its bytes, numbers and order.

        Within a string only the part that is secret goes: `postgres://ana:***@db`. What is broken JSON stays broken.
        """
        if not self.enabled:
            return raw
        text = raw.decode("utf-8", "surrogateescape")
        parts, done = list[str](), 0
        for start, end, instead in self._spans(text):
            if start >= done:
                parts += [text[done:start], instead]
                done = end
        return "".join((*parts, text[done:])).encode("utf-8", "surrogateescape") if parts else raw

    def text(self, text: str) -> str:
        """A message or traceback, with `***` for what is secret in it."""
        if not self.enabled:
            return text
        return self._kept(text) if len(text) <= KEPT_LENGTH else self._masked(text)

    def by(self, looks: Sequence[Look], text: str) -> str:
        """The text without what these looks and the names of pairs find."""
        for look in looks:
            text = look.mask(text, MASK)
        return mask_pairs(text, self._names.names, MASK)

    def _masked(self, text: str) -> str:
        return self.by(self._likely(text), text)

    def _likely(self, text: str) -> list[Look]:
        low, classes = text.lower(), classes_of(text)
        return [look for look in self._looks if look.may_be_in(low, classes)]

    def _spans(self, text: str) -> Iterable[Span]:
        """What is replaced, in order."""
        finds = self._finds(text)
        if finds.deep:
            return deep_spans(text, self._names, lambda found: finds.instead(found, self))
        if not (finds.keys or finds.strings or finds.places or finds.cards):
            return ()
        if len(finds.keys) <= FEW and not (finds.strings or finds.places or finds.cards):
            return _key_spans(text, finds.keys)
        return self._flat_spans(text, finds)

    def _flat_spans(self, text: str, finds: _Finds) -> Iterable[Span]:
        """Where keys tell enough, wherever they stand."""
        keys, done = finds.keys, 0
        for found in (FLAT if finds.cards else STRINGS).finditer(text):
            if found[2]:
                if found[1] in keys and found.start() >= done:
                    done = value_end(text, found.end())
                    yield from masked_value(text, found.end(), done)
            elif found.start() >= done and (instead := finds.instead(found, self)) is not None:
                yield found.start(), found.end(), instead

    def _finds(self, text: str) -> _Finds:
        """Reads the text a few times as a whole, which is far quicker than each of its strings by itself."""
        tokens = STRINGS.findall(text)
        every = {content for content, colon in tokens if colon}
        values = {
            content
            for content, colon in tokens
            if not colon and (self._own or "\\" in content or "=" in content or ":" in content or "--" in content)
        }
        looks = self._likely(text)
        places = sorted((hit.start() for look in looks for hit in look.pattern.finditer(text)), reverse=True)
        may_be_cards = self._cards and any(look.check is adds_up for look in looks)
        cards = {number for number in NUMBERS.findall(text) if is_card_number(number)} if may_be_cards else set()
        deep = bool(self._names.start) or has_pairs(text, every, self._names)
        return _Finds(self._names.among(every), self._strings(values, looks), looks, places, cards, deep)

    def _strings(self, values: Iterable[str], looks: Sequence[Look]) -> dict[str, str]:
        """Those that become something else: by pairs in them, or by what escapes have hidden from the whole text."""
        read = {content: text for content, text in plains(values).items() if len(content) >= SHORTEST}
        hidden = "\n".join(text for content, text in read.items() if "\\" in content)
        more = [look for look in self._likely(hidden) if look.own or look.pattern.search(hidden)] if hidden else []
        if not (self._own or more or self._names.among(pair_names("\n".join(read.values())))):
            return {}
        every = [look for look in self._looks if look in looks or look in more]
        shown = ((content, text, self.by(every, text)) for content, text in read.items())
        return {content: masked for content, text, masked in shown if masked != text}


def _key_spans(text: str, keys: Iterable[str]) -> Iterable[Span]:
    """The values of these keys, which hold letters: what lies between two strings never reads like one of them."""
    within, done = "|".join(map(re.escape, keys)), 0
    for found in re.finditer(rf'"(?:{within})"\s*:', text):
        if found.start() >= done:
            done = value_end(text, found.end())
            yield from masked_value(text, found.end(), done)


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
