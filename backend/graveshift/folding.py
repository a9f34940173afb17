"""Rules of one's own for what is one cause: parts of messages that are the same, errors that a payload field splits."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from graveshift.fingerprint import VERSION, fingerprint, normalise
from graveshift.patterns import Pattern
from graveshift.rules import FingerprintSettings, Fold, Split

LONGEST_VALUE = 120


class Cause(Struct, frozen=True):
    """What a failure is counted under; `split` is the payload field that is part of it, as `customer=acme`."""

    fingerprint: str
    split: str | None = None


class Failed(Struct, frozen=True):
    """What rules look at: the error as it was raised, where, and the job it befell; `payload` is JSON."""

    error_type: str
    message: str
    place: str
    queue: str
    kind: str
    payload: bytes


class Folding(Struct, frozen=True):
    """The rules, in their order. Causes that no rule speaks of are what they are without rules."""

    folds: Sequence[Fold] = ()
    splits: Sequence[Split] = ()

    def cause(self, failed: Failed) -> Cause:
        """The same for the same cause under the same rules: the rules that applied are part of its version."""
        message, version = self._folded(failed.message)
        name = fingerprint(failed.error_type, message, failed.place, version=version)
        for rule in self.splits:
            if _fits(rule, failed) and (value := _value(failed.payload, rule.field)) is not None:
                split = f"{rule.field}={value}"
                return Cause(_hashed(name, split), split)
        return Cause(name)

    def normal(self, message: str) -> str:
        """A message as it is shown: what is the same to these rules is, and then what varies is folded away."""
        return normalise(self._folded(message)[0])

    def _folded(self, message: str) -> tuple[str, str]:
        applied = []
        for rule in self.folds:
            changed = Pattern(rule.pattern).replaced(message, rule.as_)
            if changed != message:
                applied.append(f"{rule.pattern}\x1f{rule.as_}")
            message = changed
        return message, f"v{VERSION}" + (f"+{_hashed(*applied)}" if applied else "")


def folding_of(settings: FingerprintSettings) -> Folding:
    """From the settings, which have checked them."""
    return Folding(tuple(settings.fold), tuple(settings.split))


def _hashed(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _fits(rule: Split, failed: Failed) -> bool:
    error = f"{failed.error_type}: {failed.message}"
    wanted = ((rule.error, error), (rule.kind, failed.kind), (rule.queue, failed.queue))
    return all(pattern is None or Pattern(pattern).found(text) is not None for pattern, text in wanted)


def _value(payload: bytes, field: str) -> str | None:
    """The plain value there, cut; None where there is none, or where the payload is no JSON that can be read."""
    try:
        found: Any = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for name in field.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found[:LONGEST_VALUE]
    return msgspec.json.encode(found).decode()[:LONGEST_VALUE] if isinstance(found, bool | int | float) else None
