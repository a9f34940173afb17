"""The link to the trace of a letter: it is copied and shown, or it is said why there is none."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from msgspec import Struct

from graveshift.wire.dlq import Letter, LetterDetail
from graveshift_tui.card import Subject
from graveshift_tui.client import Client
from graveshift_tui.screens import copying

T = TypeVar("T")

NOWHERE: Final = "nobody has said where traces are looked at (`tracing.url_template` in the backend's settings)"


class Host(copying.Host, Protocol):
    """What the link needs of the app."""

    client: Client | None

    def look(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer."""


def copy_trace(host: Host, subject: Subject) -> None:
    """Of the one letter that is open, marked or under the cursor; a row of a list is read first."""
    row = subject.row
    if not isinstance(row, Letter) or host.client is None:
        several = "one letter at a time: take the marks off"
        host.tell(several if len(subject.rows) > 1 else "no letter is under the cursor", "warning", "copied")
    elif subject.alone or row.trace_id is None:
        _told(host, row)
    else:
        host.look(host.client.one(subject.card, row.id), lambda letter: _told(host, letter))


def _told(host: Host, letter: Struct) -> None:
    if isinstance(letter, LetterDetail) and letter.trace_url:
        copying.copy(host, letter.trace_url)
    elif isinstance(letter, Letter) and letter.trace_id:
        host.tell(f"trace {letter.trace_id}: {NOWHERE}", "warning", "copied")
    else:
        host.tell("this letter has no trace id: its producer gave none", "warning", "copied")
