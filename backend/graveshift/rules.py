"""Settings that say what failures mean: which may have arrived."""

from collections.abc import Callable, Sequence

from msgspec import Struct, field

from graveshift.patterns import checked

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


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns that are looked for in an error's type and message."""

    may_have_arrived: list[str] = field(default_factory=lambda: list(MAY_HAVE_ARRIVED))

    def __post_init__(self) -> None:
        """Refuses patterns that cannot be used."""
        each("may_have_arrived", self.may_have_arrived, checked)


def each(key: str, given: Sequence[str], check: Callable[[str], object]) -> None:
    """Check all of a list. Raises ValueError that begins with the key and the place."""
    for place, one in enumerate(given):
        try:
            check(one)
        except ValueError as error:
            raise ValueError(f"{key}[{place}]: {error}") from error
