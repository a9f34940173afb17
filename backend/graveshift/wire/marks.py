"""Marks: deploys and changes of configuration, kept beside the failures that may have come of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from graveshift.wire.moments import Moment, check_moments

LINK, LINK_WORDS = r"^https?://\S+$", "a link that begins with http:// or https:// and holds no space"


class MarkKind(StrEnum):
    """What changed."""

    DEPLOY = "deploy"
    CONFIG = "config"
    OTHER = "other"


class Mark(Struct, frozen=True, kw_only=True):
    """`at` is when it happened; `source` is `fleet` for a version that was seen on a worker first, else who says so."""

    id: str
    at: datetime
    kind: MarkKind
    title: str
    version: str | None = None
    link: str | None = None
    note: str | None = None
    actor: str
    source: str


class NewMark(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mark to keep; without `at` it happened now, by the database's clock. One that is sent again is kept once."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: MarkKind = MarkKind.DEPLOY
    version: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    link: Annotated[str, Meta(max_length=2000, pattern=LINK)] | None = None
    note: Annotated[str, Meta(max_length=2000)] | None = None
    at: Moment | None = None

    def __post_init__(self) -> None:
        """Refuses a time that the database could not hold."""
        check_moments(at=self.at)


class Marked(Struct, frozen=True):
    """The id of the mark: of the one that was there, where it was sent again."""

    id: str
