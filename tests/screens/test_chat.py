"""What `y` copies tells a colleague the same, shows the same when pasted, and lets nothing act that jobs have said."""

import shlex
import subprocess
from datetime import timedelta

import pytest
from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.audit import AuditEntry
from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Claim, Group
from graveshift.wire.jobs import Job, JobState
from graveshift.wire.overview import Overview
from graveshift.wire.runs import Run, RunState
from graveshift.wire.selection import Filter
from graveshift_tui.card import Subject
from graveshift_tui.screens.chat import MOST, chat_line, shell_word
from tests.screens import stock
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.hostile import HOSTILE
from tests.screens.night import START

ACTS = "`echo a` $(echo b) ; echo c && echo d | cat > /tmp/e < /dev/null \\' \" !x"
ACTING = ("`", "$(", ";", "&", "|", "<", ">", "'", '"', "!")
TEXTS = (ACTS, *HOSTILE, "two\nlines", "-queue:mail", 'error:"it\'s"', "ünï ✓ \u202e", "")


async def seen(client: FakeClient | None = None) -> Overview:
    return await (client or FakeClient(letters=400)).overview()


def parts(line: str) -> tuple[str, list[str]]:
    """The words, and the command as a shell takes it apart."""
    words, _, command = line.partition("  graveshift ")
    return words, shlex.split(command)


def read_by_bash(word: str) -> str:
    return subprocess.run(
        ["/bin/bash", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8"}
    ).stdout


@pytest.mark.parametrize("text", TEXTS)
def test_a_word_of_a_command_is_what_it_was_once_a_shell_has_read_it(text: str) -> None:
    word = shell_word(text)
    assert word.isprintable()
    assert read_by_bash(word) == text.replace("\0", "\ufffd")


async def test_a_cause_is_told_with_its_counts_its_time_and_who_is_on_it() -> None:
    overview = await seen()
    group = overview.groups[0]
    words, command = parts(chat_line(Subject("groups", (group,)), overview))
    assert words.startswith(f"[{overview.environment.name}] cause {group.error_type}")
    assert f": {group.dead} dead, {group.retrying} retrying, " in words
    assert "since 2026-11-22 02:5" in words
    assert words.endswith(f"nobody on it, seen by {overview.actor}")
    assert command == ["get", "groups", group.id]
    claimed = replace(group, claim=Claim("ben", START))
    assert "ben is on it" in chat_line(Subject("groups", (claimed,)), overview)


async def test_a_letter_says_who_is_on_its_cause() -> None:
    overview, letter = await seen(), stock.letter(0)
    cause = replace(overview.groups[0], system=letter.system, queue=letter.queue, kind=letter.kind,
                    fingerprint=letter.fingerprint, claim=Claim("ben", START))  # fmt: skip
    words, command = parts(chat_line(Subject("dlq", (letter,)), replace(overview, groups=[cause])))
    assert f"dead letter {letter.error_type}: " in words
    assert "after 3 attempts, ben is on it, seen by" in words
    assert command == ["get", "dlq", letter.id]


async def test_jobs_runs_and_queues_are_told_and_shown_by_their_ids() -> None:
    overview = await seen()
    job = Job(id="native:7", system="native", queue="mail", kind="send", state=JobState.RUNNING, attempt=2,
              max_attempts=3, enqueued_at=START - timedelta(minutes=3), worker="w1@host")  # fmt: skip
    run = Run(id="81", plan_id="9", operation="dlq.requeue", state=RunState.PAUSED, total=10, moved=4, actor="ben",
              reason="fixed", started_at=START, halt="30 % failed again")  # fmt: skip
    queue = replace(stock.queue("webhooks"), paused=True, paused_by="ben", paused_at=START)
    told: list[tuple[str, Struct, str]] = [
        ("jobs", job, "job send in queue mail: running, attempt 2 of 3, enqueued 2026-11-22"),
        ("runs", run, "run 81 dlq.requeue: paused, "),
        ("queues", queue, "queue webhooks: 6,310 waiting, 41 retrying, 0 dead, the oldest waits 14m12s"),
    ]
    for card, row, said in told:
        words, command = parts(chat_line(Subject(card, (row,)), overview))
        assert said in words
        assert command == ["get", card, getattr(row, "id", "")]
    assert "30 % failed again" in chat_line(Subject("runs", (run,)), overview)
    assert "paused since 2026-11-22 03:12Z" in chat_line(Subject("queues", (queue,)), overview)


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
async def test_a_list_is_its_filter_whatever_that_says(text: str) -> None:
    line = chat_line(Subject("dlq", query=text, total=4112), await seen())
    assert "4,112 dead letters with " in line
    assert line.isprintable()
    assert line.endswith(f"  graveshift get dlq --query {shell_word(text)}")
    by_the_console = Subject("jobs", filter=Filter(queue="mail"), total=1)
    assert chat_line(by_the_console, await seen()).endswith("  graveshift get jobs --query queue:mail")


async def test_marks_and_all_that_match_are_a_plan_of_the_same() -> None:
    overview, letters = await seen(), tuple(stock.letter(i) for i in range(3))
    words, command = parts(chat_line(Subject("dlq", letters, marked=True), overview))
    assert "3 marked dead letters" in words
    assert command == ["do", "dlq.requeue", "--dry-run", *(part for one in letters for part in ("--id", one.id))]
    whole = Subject("dlq", marked=True, whole=True, query="queue:mail", total=10_000, total_is_exact=False)
    words, command = parts(chat_line(whole, overview))
    assert "all 10,000+ dead letters with queue:mail" in words
    assert command == ["do", "dlq.requeue", "--dry-run", "--query", "queue:mail"]
    everything = chat_line(replace(whole, query=""), overview)
    assert everything.endswith("  graveshift do dlq.requeue --dry-run --all")
    many = chat_line(Subject("dlq", letters[:1] * (MOST + 1), marked=True), overview)
    assert many.endswith("too many to name one by one: put them under a filter")


@pytest.mark.parametrize("text", TEXTS)
async def test_nothing_that_jobs_have_said_can_act_where_the_whole_line_is_pasted(text: str) -> None:
    overview = await seen()
    group, letter = replace(overview.groups[0], message=text, queue=text), replace(stock.letter(0), error_message=text)
    rows: tuple[tuple[str, Group | Letter], ...] = (("groups", group), ("dlq", letter))
    for card, row in rows:
        line = chat_line(Subject(card, (row,)), overview)
        words, _, command = line.partition("  graveshift ")
        assert line.isprintable()
        assert not [sign for sign in ACTING if sign in words]
        assert command == f"get {card} {row.id}"


async def test_what_was_copied_is_shown_and_tmux_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("y")
        await person.told("sent to the clipboard: [")
        assert "tmux" not in person.toasts
        monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
        await person.press("y")
        await person.told("(tmux drops it without `set -g set-clipboard on`)")


async def test_an_entry_of_the_audit_is_named_by_its_number() -> None:
    entry = AuditEntry(seq=94, at=START, actor="bo", operation="dlq.requeue", outcome="started", reason="try again")
    words, command = parts(chat_line(Subject("audit", (entry,)), await seen()))
    assert "entry 94 of the audit: dlq.requeue by bo, started, 2026-11-22 03:12Z" in words
    assert command == ["get", "audit", "94"]
