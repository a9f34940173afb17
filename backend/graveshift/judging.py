"""What is said of a job that an order was to touch: one judgement for every driver that can."""

from graveshift.driver import Verdict
from graveshift.touch import Touch
from graveshift.wire.runs import Outcome

BURIED = "buried"
NO_REASON = "buried by an operator, who gave no reason"


def judge(public: str, touch: Touch, state: str | None, repeated: bool) -> Verdict:
    """The verdict on a job that was in `state`, None for no such job; `repeated`: this very run brought it there."""
    match state:
        case None:
            return Verdict(public, Outcome.GONE, "there is no such job", public)
        case "done" | "dead" | "cancelled":
            told = None if repeated else f"it is {state} already"
            return Verdict(public, Outcome.MOVED if repeated else Outcome.GONE, told, public)
        case "running":
            return Verdict(public, Outcome.CONFLICT, "a worker runs it", public)
        case "held":
            return Verdict(public, Outcome.MOVED, None, public)
    if touch is Touch.RELEASE:
        return Verdict(public, Outcome.GONE, "it is not held", public)
    due = touch is Touch.RETRY and state == "waiting"
    return Verdict(public, Outcome.MOVED, "it was due already" if due else None, public)
