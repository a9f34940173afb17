"""Whether a failure may have come after the side effect: what timed out or was cut off may have arrived."""

from collections.abc import Sequence

from msgspec import Struct

from graveshift.patterns import Pattern


class Delivery(Struct, frozen=True):
    """Patterns of errors that say nothing about what became of the effect: time-outs, lost connections, crashes."""

    patterns: Sequence[Pattern] = ()

    def may_have_arrived(self, error_type: str, message: str) -> str | None:
        """What in the error says so, as it stands there (`ReadTimeout`, `reset by peer`); None where nothing does.

        The type is asked first, without its module; then the message, of which the beginning counts.
        """
        said = (error_type.rpartition(".")[2], message)
        found = (pattern.found(text) for text in said for pattern in self.patterns)
        return next((" ".join(one.split()) for one in found if one), None)


def delivery_of(patterns: Sequence[str]) -> Delivery:
    """From the settings, which have checked them."""
    return Delivery(tuple(Pattern(text) for text in patterns))
