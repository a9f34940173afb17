"""Dead letters, and one letter in full: what it carried, what it died of, and every attempt."""

from graveshift.wire.dlq import Attempt, Letter, LetterDetail, Life
from graveshift.wire.selection import LETTER_FIELDS, parameters
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.edits import edit_nodes
from graveshift_tui.screens.facts import facts
from graveshift_tui.screens.groups import short
from graveshift_tui.screens.tracebacks import long_text, traceback_nodes
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.payload import json_nodes
from graveshift_tui.widgets.tree import Node


def title(letter: Letter) -> str:
    """The error in one line."""
    return f"{short(letter.error_type)}: {letter.error_message}"


def nodes(letter: Letter, at: At) -> list[Node]:
    """Headers, error, payload, traceback, attempts."""
    tries = f"{f.count(letter.attempts)} of {f.count(letter.max_attempts)}"
    again = f"requeued {f.count(letter.requeue_count)}x before" if letter.requeue_count else "never requeued"
    head = facts(
        "letter",
        ("queue", f"{letter.queue}  ({letter.system})"),
        ("kind", letter.kind),
        ("died", f"{f.moment(letter.died_at)}   {f.ago(letter.died_at, at.now)} ago"),
        ("enqueued", f.moment(letter.enqueued_at)),
        ("attempts", f"{tries}   {again if letter.requeue_count is not None else ''}"),
        ("worker", letter.worker_version),
        ("trace", _trace(letter)),
        ("siblings", _siblings(letter)),
        ("job", letter.job_id),
        ("last run", letter.run_id),
    )
    error = Node(
        "error",
        ((letter.error_type, "bold crit"),),
        long_text("error", letter.error_message),
    )
    return [*head, Node("gap1", ()), error, *(_more(letter, at) if isinstance(letter, LetterDetail) else ())]


def _more(letter: LetterDetail, at: At) -> list[Node]:
    parts: list[Node] = []
    if letter.payload is not None:
        raw = bytes(letter.payload)
        size: Line = ((f"  {f.size(len(raw))}", "muted"),)
        parts += [
            Node("gap2", ()),
            Node("payload", (("payload", "bold heading"), *size), json_nodes("payload", raw)),
        ]
    parts += edit_nodes(letter.edits)
    if letter.traceback:
        parts += [Node("gap3", ()), Node("trace", (("traceback", "bold heading"),), traceback_nodes(letter.traceback))]
    if letter.lives:
        lives = tuple(_life(i, life, at) for i, life in enumerate(letter.lives))
        parts += [Node("gap5", ()), Node("lives", (("earlier lives", "bold heading"),), lives)]
    if letter.history:
        tries = tuple(_attempt(i, attempt, at) for i, attempt in enumerate(letter.history))
        parts += [Node("gap4", ()), Node("history", (("attempts", "bold heading"),), tries)]
    return parts


def _life(index: int, life: Life, at: At) -> Node:
    """What it died of, and who brought it back."""
    head: Line = (
        (f"{f.moment(life.died_at)}  ", "text"),
        (f.fit(short(life.error_type), min(40, len(short(life.error_type)))), "crit"),
        (f"  back after {f.age((life.back_at - life.died_at).total_seconds())}: run {life.run_id}", "muted"),
        (f" by {f.fit(life.by, min(24, len(life.by)))}" if life.by else "", "muted"),
    )
    return Node(f"lives/{index}", head)


def _trace(letter: Letter) -> str | None:
    """The link to it, else its id."""
    return (letter.trace_url if isinstance(letter, LetterDetail) else None) or letter.trace_id


def _siblings(letter: Letter) -> str | None:
    """How many died of the same; None where it is not known."""
    many = letter.siblings if isinstance(letter, LetterDetail) else None
    return None if many is None else f"1 of {f.count(many)} of this cause"


def _attempt(index: int, attempt: Attempt, at: At) -> Node:
    took = (attempt.finished_at - attempt.started_at).total_seconds() if attempt.started_at else None
    head: Line = (
        (f"{attempt.attempt:>3}  ", "bold text"),
        (f"{f.moment(attempt.finished_at)}  after {f.age(took)}  ", "text"),
        (f.fit(attempt.worker or "", min(24, len(attempt.worker or ""))) + "  ", "muted"),
        (f.fit(f"{attempt.error_type}: {attempt.error_message}", 300).rstrip(), "crit"),
    )
    return Node(f"history/{index}", head)


CARD = Card(
    name="dlq",
    title="dead letters",
    columns=(
        Column("DIED", pair(Letter, lambda x, at: f.since(x.died_at, at.now)), width=5, right=True),
        Column("QUEUE", pair(Letter, lambda x, at: x.queue), width=11),
        Column("KIND", pair(Letter, lambda x, at: (x.kind, "muted")), width=16, from_width=96),
        Column("ERROR", pair(Letter, lambda x, at: title(x))),
        Column("TRIES", pair(Letter, lambda x, at: f.count(x.attempts)), width=5, right=True, from_width=70),
        Column("AGAIN", pair(Letter, lambda x, at: f.count(x.requeue_count)), width=5, right=True, from_width=76),
        Column(
            "VERSION", pair(Letter, lambda x, at: (x.worker_version or f.UNKNOWN, "muted")), width=10, from_width=130
        ),
        Column("JOB", pair(Letter, lambda x, at: (x.job_id, "muted")), width=24, from_width=150),
    ),
    id_of=solo(Letter, lambda x: x.id),
    empty="No dead letters: nothing has used up its attempts.",
    newest_first=True,
    sorts=True,
    opens=solo(Letter, lambda x: Route("dlq", id=x.id, crumb=short(x.error_type))),
    nodes=pair(Letter, nodes),
    words={"dlq.requeue.all": "all"},
    verbs=(
        *("dlq.requeue", "dlq.requeue.all", "dlq.canary", "dlq.discard", "dlq.reveal", "cause.letters", "trace"),
        *("dlq.edit", "dlq.requeue.otherwise", "queue.pause", "queue.letters", "queue.jobs"),
    ),
    fields=parameters(LETTER_FIELDS),
)
