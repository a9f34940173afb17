"""Saved filters, and what a filter's text is made of."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

SAVED_NAME = r"^[A-Za-z0-9._-]{1,64}$"
SAVED_NAME_WORDS = "1 to 64 letters, digits and `. _ -`"


class SavedFilter(Struct, frozen=True):
    """Said as `saved:name` in a filter's text; `id` is its name."""

    id: str
    name: str
    query: str
    saved_by: str
    saved_at: datetime


class Span(Struct, frozen=True):
    """A part of a text, in characters."""

    offset: int
    length: int


class Completion(Struct, frozen=True):
    """What the word under the cursor may become; `says` what that means, where it does not speak for itself."""

    text: str
    says: str = ""


class QueryError(Struct, frozen=True):
    """What cannot be understood, and where."""

    offset: int
    length: int
    words: str


class QueryHelp(Struct, frozen=True):
    """Help with a text: completions take the place of `word`.

    `error` None: it is understood, and means what `said` says. `asks` are secret values still to be given: what
    `POST /v1/query/secret` makes of each takes its place.
    """

    word: Span
    completions: list[Completion]
    error: QueryError | None
    said: str
    asks: list[Span] = []


class NewSecret(Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /v1/query/secret` takes."""

    value: Annotated[str, Meta(min_length=1, max_length=4096)]


class Token(Struct, frozen=True):
    """What stands for a secret value in a filter's text: `payload.key=hmac:...`."""

    token: str
