"""Verbs that ask something before they are planned: one function each, by the name of its action."""

from collections.abc import Callable
from typing import Final

from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.flows.claiming import claim
from graveshift_tui.screens.flows.editing import edit
from graveshift_tui.screens.flows.limiting import limit
from graveshift_tui.screens.flows.noting import note
from graveshift_tui.screens.flows.otherwise import otherwise
from graveshift_tui.screens.flows.pausing import hold, pause, pause_schedule
from graveshift_tui.screens.flows.revealing import reveal
from graveshift_tui.screens.flows.rotating import rotate
from graveshift_tui.screens.flows.saving import drop, save
from graveshift_tui.screens.flows.speeding import any_rate, faster, pause_run, slower
from graveshift_tui.screens.flows.stopping import stop
from graveshift_tui.screens.flows.undoing import undo

FLOWS: Final[dict[str, Callable[[Flow], None]]] = {
    "dlq.edit": edit,
    "dlq.requeue.otherwise": otherwise,
    "group.claim": claim,
    "group.note": note,
    "queue.pause": pause,
    "queue.limit": limit,
    "job.hold": hold,
    "schedule.pause": pause_schedule,
    "filter.save": save,
    "filter.drop": drop,
    "run.undo": undo,
    "secret.rotate": rotate,
    "dlq.reveal": reveal,
    "run.stop": stop,
    "run.pause": pause_run,
    "run.faster": faster,
    "run.slower": slower,
    "run.rate": any_rate,
}
UNASKED: Final = ("run.undo", "run.stop", "run.pause", "run.faster", "run.slower")
"""Those that ask for no value: what is typed after them is for the screen."""
