"""Runbooks: the pages on what to do that come with graveshift."""

from msgspec import Struct


class Runbook(Struct, frozen=True):
    """`text` is Markdown."""

    id: str
    name: str
    title: str
    text: str
