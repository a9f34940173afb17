"""`graveshift get jobs ID` prints what operators changed in a payload, and what it was."""

from datetime import UTC, datetime

from msgspec import Raw

from graveshift.wire.edits import Edit
from graveshift_tui.commands.tables import table


def test_the_payload_before_an_edit_is_printed_harmless_beside_who_edited_it() -> None:
    edit = Edit(run_id="81", by="ben", at=datetime(2026, 11, 22, 3, 12, tzinfo=UTC), original=Raw(b'{"to": "a\x1b"}'))
    [_, line] = table(edit.__struct_fields__, [edit], None)
    assert line.split(maxsplit=4) == ["81", "ben", "2026-11-22", "03:12:00Z", '{"to": "a\\x1b"}']
