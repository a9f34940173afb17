"""Who paused, resumed or cancelled a run, and who set its rate: the same words in rows, pages, bands and news."""

from datetime import datetime

from graveshift.wire.runs import Run, RunState, Steer, Steered
from graveshift_tui.format import age, speed, stage


def by_whom(run: Run) -> str:
    """` by bo`, after the state of a run that another than who began it paused or cancelled; else empty."""
    stop = stopped_by(run)
    return f" by {stop.by}" if stop is not None and stop.by != run.actor else ""


def state_of(run: Run) -> str:
    """`asks` of a live run that stopped by itself, `paused by bo` of one that another stopped, else its state."""
    return "asks" if run.halt and run.state.is_live else f"{stage(run)}{by_whom(run)}"


def stopped_by(run: Run) -> Steered | None:
    """What it is paused or cancelled by; None where no operator did that, or it goes on since."""
    acts = {RunState.PAUSED: Steer.PAUSED, RunState.CANCELLED: Steer.CANCELLED}
    return next((one for one in run.steered if one.act is acts.get(run.state)), None)


def words(run: Run, one: Steered) -> str:
    """`paused by bo`; `rate 500/s set by bo`; `pause asked for by bo` where the run has not come to it."""
    match one.act:
        case Steer.RATE:
            return f"{'no limit' if run.rate is None else f'rate {speed(run.rate)}/s'} set by {one.by}"
        case Steer.PAUSED if run.state is RunState.RUNNING:
            return f"pause asked for by {one.by}"
        case Steer.CANCELLED if run.state.is_live:
            return f"cancel asked for by {one.by}"
    return f"{one.act.value} by {one.by}"


def told(run: Run, now: datetime, *, all_of_it: bool = False) -> list[str]:
    """`paused by bo 14s ago`, newest first: what still holds, or all of it.

    Whole minutes from one on, so that it hardly changes.
    """
    return [f"{words(run, one)} {_ago(one.at, now)} ago" for one in run.steered if all_of_it or _holds(run, one)]


def _holds(run: Run, one: Steered) -> bool:
    match one.act:
        case Steer.CANCELLED:
            return run.state.is_live or run.state is RunState.CANCELLED
        case Steer.RESUMED:
            return run.state in (RunState.QUEUED, RunState.RUNNING)
    return run.state.is_live


def _ago(at: datetime, now: datetime) -> str:
    seconds = max(0.0, (now - at).total_seconds())
    return age(seconds if seconds < 60 else seconds // 60 * 60)
