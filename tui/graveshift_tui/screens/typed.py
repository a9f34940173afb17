"""What is typed after `:`, read as a command; whatever is unknown is met with the nearest match."""

from collections.abc import Sequence

from msgspec import Struct

from graveshift_tui.settings import ConsoleError, nearest


class Unclear(ConsoleError):
    """this cannot be understood"""

    def __str__(self) -> str:
        return self.detail


class Command(Struct, frozen=True):
    """One line after `:`; `word` is in full, whatever its beginning was typed."""

    word: str
    rest: str = ""


def command_of(text: str, known: Sequence[str]) -> Command:
    """The command that a line means; a beginning is enough where it fits one."""
    word, _, rest = text.strip().lstrip(":").partition(" ")
    fits = [name for name in known if name == word] or [name for name in known if word and name.startswith(word)]
    if len(fits) != 1:
        raise Unclear(f"`:{word}` is no command{nearest(word, list(known))}")
    return Command(fits[0], rest.strip())
