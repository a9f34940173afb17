"""From a verb and what it would act on to an order for the Desk, or to the reason why there is none."""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import to_builtins
from msgspec.structs import replace

from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Group
from graveshift.wire.jobs import Job, JobState
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run
from graveshift.wire.schedules import ScheduleInfo
from graveshift.wire.secrets import SecretInfo
from graveshift.wire.selection import Filter
from graveshift.wire.trash import Discarded, DiscardedDetail
from graveshift.wire.workers import Worker
from graveshift_tui.card import Subject
from graveshift_tui.format import count, phrase, things
from graveshift_tui.operate import Ask
from graveshift_tui.screens.groups import NAME, named, scope_of, short
from graveshift_tui.screens.saying import said

UNGATED: Final = ("run.stop", "run.pause", "run.faster", "run.slower", "run.rate")
OPERATIONS: Final = {
    "dlq.requeue.all": "dlq.requeue",
    "dlq.requeue.otherwise": "dlq.requeue",
    "dlq.edit": "dlq.requeue",
    "dlq.canary": "dlq.requeue",
    **dict.fromkeys(UNGATED, ""),
}
ENDED: Final = (JobState.DONE, JobState.CANCELLED, JobState.DEAD)
STEERS: Final = {
    "worker.quiet": "Quiet",
    "worker.resume": "Resume",
    "worker.drain": "Drain",
    "worker.stop": "Stop",
}
TOUCHES: Final = {"job.release": "Release", "job.bury": "Bury", "job.retry": "Retry now"}
TRASHED: Final = (Discarded, DiscardedDetail)
TITLES: Final = {
    "dlq.requeue": "Requeue",
    "dlq.discard": "Discard",
    "dlq.restore": "Restore",
    "trash.empty": "Empty",
    "job.cancel": "Cancel",
    "job.hold": "Hold",
    **TOUCHES,
}


class NotHere(Exception):
    """this verb has nothing to act on here"""


def operation_of(action: str) -> str:
    """The operation that a token must be allowed for an action; empty for what is never gated."""
    return OPERATIONS.get(action, action)


def letters(action: str, subject: Subject) -> Ask:
    """Requeue or discard: the marked letters, the one under the cursor, or a group's."""
    row = subject.row
    if subject.whole and subject.card == "dlq":
        return _whole(action, subject, "letter")
    if isinstance(row, Group):
        return _of_group(action, row)
    if isinstance(row, Queue):
        given = Filter(system=row.system, queue=row.name)
        return _matching(action, given, f"all dead letters of queue {row.name}", "dead letter", f"of queue {row.name}")
    chosen = [letter for letter in subject.rows if isinstance(letter, Letter) and not isinstance(letter, TRASHED)]
    if not chosen:
        many = len(subject.rows) > 1
        raise NotHere("one cause at a time: take the marks off" if many else "no dead letter is under the cursor")
    args: dict[str, object] = {"selection": {"ids": [letter.id for letter in chosen]}}
    scope = f"{count(len(chosen))} marked {'letter' if len(chosen) == 1 else 'letters'}"
    if not subject.marked:
        scope = f"this letter: {letter_name(chosen[0])}"
    elif subject.outside != 0:
        left_out = "some maybe" if subject.outside is None else f"{count(subject.outside)} of them"
        scope = f"{scope}, {left_out} outside this filter"
    return _ask(action, args, scope)


def matching(subject: Subject) -> Ask:
    """Requeue all: the group or queue under the cursor, else everything the list's filter lets through."""
    if subject.alone and not subject.rows:
        raise NotHere("nothing is here yet")
    if isinstance(subject.row, Group | Queue):
        return letters("dlq.requeue", subject)
    if subject.card not in ("dlq", "groups", "queues"):
        raise NotHere("requeue all works on causes, queues and dead letters")
    if isinstance(subject.row, Letter) and subject.alone:
        one, of = subject.row, f"of the cause {short(subject.row.error_type)} in {subject.row.kind}"
        given = Filter(system=one.system, queue=one.queue, kind=one.kind, fingerprint=one.fingerprint)
        return _matching("dlq.requeue", given, f"all letters {of}", "letter", of)
    if subject.card != "dlq":
        return _filtered(subject)
    if not subject.is_filtered:
        ask = _ask("dlq.requeue", {"selection": {"all": True}}, _all(subject, "dead letter", "of every queue"))
        return replace(ask, noun="dead letter", tail="of every queue")
    tail = f"with {_words(subject)}"
    return _chosen("dlq.requeue", subject, _all(subject, "letter", tail), tail)


def canary(subject: Subject) -> Ask:
    """The configured number of these goes first, and the run asks what next: marks, the row, or all that match."""
    ask = letters("dlq.requeue", subject) if subject.marked else matching(subject)
    return replace(ask, args={**ask.args, "canary": True}, title="Requeue (canary first)")


def _whole(action: str, subject: Subject, noun: str) -> Ask:
    """All that the filter of the list lets through, seen or not."""
    tail = f"with {_words(subject)}" if subject.is_filtered else "there are"
    chosen = _selection(subject) if subject.is_filtered else {"all": True}
    return replace(_ask(action, {"selection": chosen}, _all(subject, noun, tail)), noun=noun, tail=tail)


def _filtered(subject: Subject) -> Ask:
    """What the filter of a list of causes or queues lets through, while none of its rows is there."""
    if subject.rows:
        raise NotHere("one at a time: take the marks off")
    if not subject.is_filtered:
        raise NotHere("nothing is under the cursor")
    tail = f"with {_words(subject)}"
    return _chosen("dlq.requeue", subject, f"all letters {tail}", tail)


def of_jobs(action: str, subject: Subject) -> Ask:
    """Cancel, hold, release, bury or retry: the marked jobs, else the one under the cursor."""
    if subject.whole and subject.card == "jobs":
        return _whole(action, subject, "job")
    jobs = [job for job in subject.rows if isinstance(job, Job)]
    if not jobs:
        raise NotHere("no job is under the cursor")
    if all(job.state in ENDED for job in jobs):
        raise NotHere(f"it is {jobs[0].state} already" if len(jobs) == 1 else "these have all ended already")
    scope = things(len(jobs), "marked job") if subject.marked else f"this job: {jobs[0].kind} in {jobs[0].queue}"
    return _ask(action, {"selection": {"ids": [job.id for job in jobs]}}, scope)


def of_trash(action: str, subject: Subject) -> Ask:
    """Restore or erase: the marked letters of the trash, else the one under the cursor."""
    if subject.whole and subject.card == "trash":
        return _whole(action, subject, "discarded letter")
    chosen = [letter for letter in subject.rows if isinstance(letter, TRASHED)]
    if not chosen:
        raise NotHere("no discarded letter is under the cursor: go to the trash")
    one = f"this letter: {letter_name(chosen[0])}"
    scope = things(len(chosen), "marked letter") if subject.marked else one
    return _ask(action, {"selection": {"ids": [letter.id for letter in chosen]}}, scope)


def of_queue(action: str, title: str, subject: Subject) -> Ask:
    """Drain or purge the queue under the cursor."""
    queue = subject.row
    if not isinstance(queue, Queue):
        raise NotHere("no queue is under the cursor")
    return Ask(action, {"queue": queue.id}, title, f"queue {queue.name}")


def pause(queue: Queue, until: str | None, reason: str | None, words: str) -> Ask:
    """Pause a queue for a time."""
    args = {"queue": queue.id, "until": until, "reason": reason}
    return Ask("queue.pause", args, "Pause", f"queue {queue.name} {words}")


def ended(ask: Ask, until: str | None, reason: str | None, words: str) -> Ask:
    """The same, with an end and a reason."""
    return replace(ask, args={**ask.args, "until": until, "reason": reason}, scope=f"{ask.scope}, {words}")


def schedule_of(subject: Subject) -> ScheduleInfo:
    """The schedule that is marked or under the cursor."""
    if not isinstance(subject.row, ScheduleInfo):
        raise NotHere("one schedule at a time: take the marks off" if subject.rows else "no schedule is here")
    return subject.row


def of_schedule(action: str, title: str, subject: Subject) -> Ask:
    """Fire, pause or resume one schedule."""
    schedule = schedule_of(subject)
    return Ask(action, {"schedule": schedule.id}, title, f"schedule {schedule.id}")


def resume(queue: Queue) -> Ask:
    """Resume a paused queue."""
    return Ask("queue.resume", {"queue": queue.id}, "Resume", f"queue {queue.name}")


def steer(action: str, subject: Subject) -> Ask:
    """Tell the one worker that is marked or under the cursor."""
    workers = [worker for worker in subject.rows if isinstance(worker, Worker)]
    if len(workers) != 1:
        raise NotHere("one worker at a time: take the marks off" if workers else "no worker is under the cursor")
    one = workers[0]
    return Ask(action, {"worker": one.id}, STEERS[action], f"worker {f'{one.host}:{one.pid}' if one.host else one.id}")


def undo(run: Run) -> Ask:
    """Take back what a run moved and nobody has started."""
    return Ask("run.undo", {"run": run.id}, "Undo", f"run {run.id}, {run.operation} by {run.actor}")


def rotate(secret: SecretInfo) -> Ask:
    """A new version of a secret."""
    return Ask("secret.rotate", {"secret": secret.id}, "Rotate", f"secret {secret.name}")


def back_up() -> Ask:
    """A verified backup of the queue."""
    return Ask("backup.create", {}, "Back up", "the queue, and prove it by restoring it")


PLAIN: Final[dict[str, Callable[[Subject], Ask]]] = {
    "dlq.requeue": lambda subject: letters("dlq.requeue", subject),
    "dlq.requeue.all": matching,
    "dlq.canary": canary,
    "dlq.discard": lambda subject: letters("dlq.discard", subject),
    **{action: partial(steer, action) for action in STEERS},
    "dlq.restore": lambda subject: of_trash("dlq.restore", subject),
    "trash.empty": lambda subject: of_trash("trash.empty", subject),
    "job.cancel": lambda subject: of_jobs("job.cancel", subject),
    **{action: partial(of_jobs, action) for action in TOUCHES},
    "queue.drain": lambda subject: of_queue("queue.drain", "Drain", subject),
    "queue.purge": lambda subject: of_queue("queue.purge", "Purge", subject),
    "schedule.fire": lambda subject: of_schedule("schedule.fire", "Fire", subject),
    "backup.create": lambda subject: back_up(),
}


def queue_of(subject: Subject) -> Filter | None:
    """Which queue a row belongs to."""
    row = subject.rows[0] if subject.rows else None
    if isinstance(row, Queue):
        return Filter(system=row.system, queue=row.name)
    if isinstance(row, Letter | Group | Job):
        return Filter(system=row.system, queue=row.queue)
    return Filter(system=subject.filter.system, queue=subject.filter.queue) if subject.filter.queue else None


def _of_group(action: str, group: Group) -> Ask:
    tail = f"of {named(group)}"
    return _matching(action, scope_of(group), f"all {things(group.dead, 'letter')} {tail}", "letter", tail)


def _matching(action: str, given: Filter, scope: str, noun: str, tail: str) -> Ask:
    return replace(_ask(action, {"selection": {"filter": to_builtins(given)}}, scope), noun=noun, tail=tail)


def _chosen(action: str, subject: Subject, scope: str, tail: str) -> Ask:
    """Everything that the filter of a list lets through, which a text says or the console made."""
    return replace(_ask(action, {"selection": _selection(subject)}, scope), noun="letter", tail=tail)


def _selection(subject: Subject) -> dict[str, object]:
    return {"query": subject.query} if subject.query else {"filter": to_builtins(subject.filter)}


def _words(subject: Subject) -> str:
    return subject.query or said(subject.filter)


def _ask(action: str, args: dict[str, object], scope: str) -> Ask:
    if action == "dlq.requeue":
        args = {**args, "rate": None}
    return Ask(action, args, TITLES[action], scope)


def _all(subject: Subject, noun: str, tail: str) -> str:
    return f"all {things(subject.total, noun, exact=subject.total_is_exact)} {tail}"


def letter_name(row: Letter) -> str:
    """Its error, short, and cut where a word ends."""
    return phrase(f"{short(row.error_type)}: {row.error_message}", NAME)
