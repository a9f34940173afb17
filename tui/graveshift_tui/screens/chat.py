"""What `y` copies: what is looked at in words a colleague reads, and the command that shows the same elsewhere."""

import shlex
from datetime import datetime
from typing import Final

from msgspec import Struct

from graveshift.wire.audit import AuditEntry
from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Group
from graveshift.wire.jobs import Job
from graveshift.wire.overview import Overview
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run
from graveshift.wire.trash import Discarded, DiscardedDetail
from graveshift_tui import format as f
from graveshift_tui.card import Subject
from graveshift_tui.operate import progress
from graveshift_tui.sanitize import clean
from graveshift_tui.screens.causes import owner_word
from graveshift_tui.screens.groups import after, cause, short, speed
from graveshift_tui.screens.saying import said
from graveshift_tui.steered import by_whom

MOST: Final = 500
"""Marked things that a command names one by one."""
LONG: Final = 160
DOES: Final = {"dlq": "dlq.requeue", "jobs": "job.cancel", "trash": "dlq.restore"}
NOUNS: Final = {
    "dlq": ("dead letter", "dead letters"),
    "trash": ("discarded letter", "discarded letters"),
    "groups": ("cause", "causes"),
    "audit": ("entry of the audit", "entries of the audit"),
    "items": ("item of run", "items of run"),
}
TAME: Final = str.maketrans("`'\"$;|&<>()!\\", "’’”＄；｜＆‹›[]！/")
"""What a shell would act on becomes what only looks like it: a line may be pasted whole."""


def chat_line(subject: Subject, seen: Overview) -> str:
    """What, how many, since when and who is on it; then a command, harmless to paste: it reads, or only plans."""
    named = f"[{seen.environment.name}] {_words(subject, seen)}, seen by {seen.actor}"
    command = _command(subject)
    tame = clean(named, 1000).translate(TAME)
    return f"{tame}  {command}" if command else f"{tame}, too many to name one by one: put them under a filter"


def shell_word(text: str) -> str:
    """The text as one word of a shell; what cannot be printed is escaped as bash, zsh and ksh read it."""
    if clean(text) == text:
        return shlex.quote(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    code = ord(char) or 0xFFFD  # no argument of a program has a NUL
    return char if " " <= char <= "~" else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _words(subject: Subject, seen: Overview) -> str:
    if len(subject.rows) == 1:
        return ("marked: " if subject.marked else "") + _one(subject.rows[0], subject, seen)
    if subject.rows:
        return f"{f.count(len(subject.rows))} marked {_noun(subject.card, len(subject.rows))}"
    if subject.card == "overview":
        return _whole(seen)
    under = f" with {_text(subject)}" if subject.is_filtered else ""
    if subject.within:
        under = f" {subject.within}"
    many = "" if subject.total is None else f"{f.total(subject.total, exact=subject.total_is_exact)} "
    return f"{'all ' if subject.whole else ''}{many}{_noun(subject.card, subject.total or 2)}{under}"


def _one(row: Struct, subject: Subject, seen: Overview) -> str:
    """One thing."""
    now = seen.as_of
    match row:
        case Group():
            changed = f", {after(row)}" if after(row) else ""
            first = f"since {_when(row.first_seen, now)}{changed}" if row.first_seen else "since nobody knows when"
            counts = f"{f.count(row.dead)} dead, {f.count(row.retrying)} retrying, {speed(row)} failures a minute"
            return f"cause {_cut(cause(row))} in {row.kind} of queue {row.queue}: {counts}, {first}, {owner_word(row)}"
        case Letter():
            what = "discarded letter" if isinstance(row, Discarded | DiscardedDetail) else "dead letter"
            error = _cut(f"{short(row.error_type)}: {row.error_message}")
            tries = f" after {f.things(row.attempts, 'attempt')}" if row.attempts is not None else ""
            died = f"died {_when(row.died_at, now)}{tries}"
            return f"{what} {error}, {row.kind} in queue {row.queue}, {died}{_on_it(row, seen)}"
        case Job():
            since = f", enqueued {_when(row.enqueued_at, now)}" if row.enqueued_at else ""
            on_it = f", worker {row.worker}" if row.worker else ""
            attempt = f"attempt {f.count(row.attempt)} of {f.count(row.max_attempts)}"
            return f"job {row.kind} in queue {row.queue}: {row.state.value}, {attempt}{since}{on_it}"
        case Run():
            since = f", since {_when(row.started_at, now)}" if row.started_at else ""
            told = f", {_cut(row.error or row.halt or '')}" if row.error or row.halt else ""
            why = f', because "{_cut(row.reason)}"' if row.reason else ""
            state = f"{f.stage(row)}{by_whom(row)}"
            return f"run {row.id} {row.operation}: {state}, {progress(row)}, by {row.actor}{since}{why}{told}"
        case Queue():
            return f"queue {row.name}: {_of_queue(row, now)}"
    return _entry(row, now) if isinstance(row, AuditEntry) else f"{_noun(subject.card, 1)} {_id(row)}"


def _entry(entry: AuditEntry, now: datetime) -> str:
    why = f', because "{_cut(entry.reason)}"' if entry.reason else ""
    what = f"{entry.operation} by {entry.actor}, {entry.outcome}"
    return f"entry {entry.seq} of the audit: {what}, {_when(entry.at, now)}{why}"


def _id(row: Struct) -> str:
    """What the API calls it."""
    return str(row.seq) if isinstance(row, AuditEntry) else str(getattr(row, "id", ""))


def _of_queue(queue: Queue, now: datetime) -> str:
    counts = f"{f.count(queue.waiting)} waiting, {f.count(queue.retrying)} retrying, {f.count(queue.dead)} dead"
    oldest = f", the oldest waits {f.age(queue.oldest_age_s)}" if queue.waiting and queue.oldest_age_s else ""
    flow = f", in {f.rate(queue.in_per_s)}/s, out {f.rate(queue.out_per_s)}/s"
    since = f" since {_when(queue.paused_at, now)}" if queue.paused_at else ""
    paused = f", paused{since} by {queue.paused_by or 'somebody'}" if queue.paused else ""
    return f"{counts}{oldest}{flow}{paused}"


def _whole(seen: Overview) -> str:
    sums = seen.totals
    counts = f"{f.count(sums.waiting)} waiting, {f.count(sums.retrying)} retrying, {f.count(sums.dead)} dead"
    return f"{counts} of {f.things(sums.groups, 'cause')}, {f.rate(sums.failing_per_min)} failures a minute"


def _on_it(letter: Letter, seen: Overview) -> str:
    """Who has claimed its cause, where that is one of those of the overview."""
    own = (letter.system, letter.queue, letter.kind, letter.fingerprint)
    found = next((g for g in seen.groups if (g.system, g.queue, g.kind, g.fingerprint) == own), None)
    return f", {owner_word(found)}" if found else ""


def _command(subject: Subject) -> str:
    """What prints the same; of a selection what shows the plan for it. Empty where it would be too long."""
    if subject.card == "items" and subject.within:
        return f"graveshift get runs {shell_word(subject.within)} --items"
    ids = [_id(row) for row in subject.rows]
    if len(ids) > MOST:
        return ""
    if len(ids) == 1 or (ids and subject.card not in DOES):
        return "; ".join(f"graveshift get {subject.card} {shell_word(id)}" for id in ids)
    if ids:
        return f"graveshift do {DOES[subject.card]} --dry-run{''.join(f' --id {shell_word(id)}' for id in ids)}"
    text = _text(subject)
    query = f" --query {shell_word(text)}" if text else ""
    if subject.whole and subject.card in DOES:
        return f"graveshift do {DOES[subject.card]} --dry-run{query or ' --all'}"
    return f"graveshift get {subject.card}{query}"


def _text(subject: Subject) -> str:
    return subject.query or said(subject.filter)


def _noun(card: str, many: int) -> str:
    one, more = NOUNS.get(card, (card.removesuffix("s"), card))
    return one if many == 1 else more


def _when(at: datetime | None, now: datetime) -> str:
    """`2026-11-22 02:39Z, 21m ago`."""
    return f.UNKNOWN if at is None else f"{f.moment(at)[:16]}Z ({f.ago(at, now)} ago)"


def _cut(text: str) -> str:
    return clean(" ".join(text.split()), LONG)
