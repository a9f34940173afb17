"""How the command ends that waited for a canary."""

import msgspec
import pytest

from graveshift.wire.runs import Run
from graveshift_tui.commands.acting import code_of

ENDS = "; it ends with its canary"


@pytest.mark.parametrize(
    ("canary", "state", "halt", "code"),
    [
        ("green", "cancelled", f"canary green: 3 of 3 done{ENDS}", 0),
        ("red", "cancelled", f"canary red: 3 of 3 first attempts failed{ENDS}", 1),
        ("late", "cancelled", f"canary late{ENDS}", 1),
        ("green", "cancelled", None, 1),
        ("green", "paused", "canary green: 3 of 3 done", 1),
        ("green", "succeeded", None, 0),
    ],
)
def test_a_green_canary_that_was_to_end_the_run_is_no_failure(
    canary: str, state: str, halt: str | None, code: int
) -> None:
    tried = {"asked": 3, "then": "stop", "state": canary}
    given = {"id": "81", "plan_id": "p", "operation": "dlq.requeue", "state": state, "total": 9, "actor": "ana"}
    assert code_of(msgspec.convert({**given, "canary": tried, "halt": halt}, Run)) == code
