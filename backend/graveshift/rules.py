"""Settings that say what failures mean: what is one cause, which may have arrived, what to read about them."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta, Struct, field

from graveshift.patterns import checked
from graveshift.wire.marks import LINK

# A time-out, a connection that broke, and a worker that vanished: nobody knows how far the attempt had come. What could
# not even be reached, as a refused connection, is not among them.
MAY_HAVE_ARRIVED = [
    r"(?i)\w{0,40}time[ds]?[ _-]{0,2}out\w*",
    r"(?i)\w{0,40}time ?limit ?exceeded\w*|deadline ?exceeded\w*",
    r"(?i)connection \w*\s?(?:reset|aborted|lost|closed|dropped|broken)\w*(?: by peer)?",
    r"(?i)connection(?:reset|aborted|lost|closed)\w*|broken ?pipe\w*|econnreset|epipe",
    r"(?i)server ?disconnected\w*|remote ?(?:protocol ?error|disconnected)|incomplete ?read\w*",
    r"(?i)closed (?:the )?connection|unexpected eof|eof occurred",
    r"(?:Read|Write|Close)Error\b",
    r"(?i)\b(?:502 )?bad gateway|\b504\b",
    r"\bWorkerCrashed\b|^poison$|(?i:worker (?:vanished|lost|died)|sigkill|out ?of ?memory)",
]


def _check_patterns(*patterns: str | None) -> None:
    for pattern in patterns:
        if pattern is not None:
            checked(pattern)


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns that are looked for in an error's type and message."""

    may_have_arrived: list[str] = field(default_factory=lambda: list(MAY_HAVE_ARRIVED))

    def __post_init__(self) -> None:
        """Refuses patterns that cannot be used."""
        each("may_have_arrived", self.may_have_arrived, checked)


class Fold(Struct, frozen=True, forbid_unknown_fields=True, rename={"as_": "as"}):
    """What matches `pattern` in a message is the same as `as`, for telling causes apart."""

    pattern: str
    as_: Annotated[str, Meta(max_length=40)]

    def __post_init__(self) -> None:
        """Refuses a pattern that cannot be used."""
        checked(self.pattern)


class Split(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Errors that match all of these patterns are a cause of their own for each value of the payload's `field`."""

    field: Annotated[str, Meta(pattern=r"^[^.\s]{1,64}(\.[^.\s]{1,64}){0,3}$")]
    error: str | None = None
    kind: str | None = None
    queue: str | None = None

    def __post_init__(self) -> None:
        """Refuses patterns that cannot be used, and a rule that would split everything."""
        _check_patterns(self.error, self.kind, self.queue)
        if self.error is None and self.kind is None and self.queue is None:
            raise ValueError("a split needs at least one of `error`, `kind` and `queue`")


class FingerprintSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of one's own for what is one cause; a worker applies them as an attempt fails."""

    fold: Annotated[list[Fold], Meta(max_length=50)] = []
    split: Annotated[list[Split], Meta(max_length=50)] = []


class Match(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Patterns; one that is not given fits everything. `error` is looked for in `Type: message`."""

    error: str | None = None
    queue: str | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        """Refuses patterns that cannot be used."""
        _check_patterns(self.error, self.kind, self.queue)


class RunbookRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to read about causes that match: a `page` of ours, or a `url`."""

    match: Match = Match()
    page: str | None = None
    url: Annotated[str, Meta(max_length=2000)] | None = None
    title: Annotated[str, Meta(max_length=80)] | None = None

    def __post_init__(self) -> None:
        """Refuses what leads nowhere, or to two places."""
        if (self.page is None) == (self.url is None):
            raise ValueError("a runbook has either a `page` or a `url`")
        if self.url is not None and not re.match(LINK, self.url):
            raise ValueError("`url` must begin with http:// or https:// and hold no space")


UPSTREAM = r"(?i)time ?out|connection|unreachable|unavailable|\b50[0234]\b"


def shipped_runbooks() -> list[RunbookRule]:
    """The first rule that matches tells."""
    return [
        RunbookRule(match=Match(error=UPSTREAM), page="upstream-failing", title="Upstream failing"),
        RunbookRule(page="cause-spreading", title="A cause is spreading"),
    ]


def each(key: str, given: Sequence[str], check: Callable[[str], object]) -> None:
    """Check all of a list. Raises ValueError that begins with the key and the place."""
    for place, one in enumerate(given):
        try:
            check(one)
        except ValueError as error:
            raise ValueError(f"{key}[{place}]: {error}") from error
