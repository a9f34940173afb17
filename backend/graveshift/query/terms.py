"""What a filter text is made of: terms, each with its place in the text."""

from msgspec import Struct


class Key(Struct, frozen=True):
    """A key of a payload's path; `many`: what it leads to is a list, and one of its elements is meant."""

    name: str
    many: bool = False


class Term(Struct, frozen=True, kw_only=True):
    """`field` None: words of the message. `path` only of `payload`. `op` is empty, `<`, `>`, `<=` or `>=`.

    `offset` and `length` are where it stands, in characters; the value stands at its end, from `value_at` on.
    """

    field: str | None = None
    path: tuple[Key, ...] = ()
    op: str = ""
    value: str
    quoted: bool = False
    negated: bool = False
    offset: int = 0
    length: int = 0
    value_at: int = 0

    @property
    def asks(self) -> bool:
        """True for a secret value that is still to be given."""
        return bool(self.path) and self.value == "?" and not self.quoted

    @property
    def name(self) -> str:
        """How its field is called in the text; empty for words."""
        return self.field or ""
