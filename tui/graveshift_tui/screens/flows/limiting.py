"""A limit for a queue: which one."""

from graveshift.wire.queues import Queue
from graveshift_tui.screens import limiting
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.flows.pausing import queue_here


def limit(flow: Flow) -> None:
    """Limits the queue under the cursor."""

    def ask(queue: Queue) -> None:
        flow.choose(limiting.chooser(queue), lambda chosen: flow.desk.order(limiting.order(queue, *chosen)))

    flow.desk.ask(queue_here(flow), ask)
