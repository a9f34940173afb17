"""The command line as a script meets it: a process, its output, its exit code, against a real server."""

import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from graveshift.wire.plans import Confirm
from graveshift.wire.runs import Run, RunState
from graveshift_tui.commands.running import Act, steered_line
from tests.command_line import graveshift
from tests.small_backend import TOKEN, SmallBackend
from tests.small_things import letter

HOSTILE = "\x1b]52;c;aGk=\x07\x9b31m\x7f\u202e[/red] né"


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SmallBackend]:
    with SmallBackend(tmp_path).running() as backend:
        yield backend


def test_get_prints_a_table_with_whole_ids(backend: SmallBackend) -> None:
    done = graveshift(backend, "get", "dlq")
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].split()[:4] == ["ID", "QUEUE", "KIND", "DIED"]
    assert [line.split()[0] for line in lines[1:]] == [one.id for one in backend.things.letters]


def test_get_json_is_the_wire_in_ascii(backend: SmallBackend) -> None:
    backend.things.letters = [letter(0, message=HOSTILE)]
    done = graveshift(backend, "get", "dlq", "-o", "json")
    assert done.stdout.isascii()
    assert not set(map(chr, range(32))) - {"\n"} & set(done.stdout)
    assert json.loads(done.stdout)["items"][0]["error_message"] == HOSTILE
    detail = graveshift(backend, "get", "dlq", backend.things.letters[0].id, "-o", "json")
    assert '"n": 1.50}' in detail.stdout


def test_a_hostile_message_is_shown_as_escapes(backend: SmallBackend) -> None:
    backend.things.letters = [letter(0, message=HOSTILE)]
    for argv in (["get", "dlq"], ["get", "dlq", backend.things.letters[0].id]):
        out = graveshift(backend, *argv).stdout
        assert "52;c;aGk=" in out
        assert all(char.isprintable() or char == "\n" for char in out)


def test_get_one_shows_payload_traceback_and_history(backend: SmallBackend) -> None:
    out = graveshift(backend, "get", "dlq", backend.things.letters[1].id).stdout
    for part in ('"to": "a@example.org"', '"n": 1.50', "Traceback", "HISTORY", "no route to host"):
        assert part in out


def test_limit_says_how_many_more_there_are_and_all_gets_them(backend: SmallBackend) -> None:
    backend.things.letters = [letter(number) for number in range(2500)]
    some = graveshift(backend, "get", "dlq", "--limit", "2")
    assert len(some.stdout.splitlines()) == 3
    assert "showing 2 of 2,500" in some.stderr
    everything = graveshift(backend, "get", "dlq", "--all", "-o", "json")
    page = json.loads(everything.stdout)
    assert [item["id"] for item in page["items"]] == [one.id for one in backend.things.letters]
    assert (page["next_cursor"], page["total"]) == (None, 2500)
    assert len(graveshift(backend, "get", "dlq", "--all").stdout.splitlines()) == 2501
    assert len(json.loads(graveshift(backend, "get", "dlq", "--limit", "1500", "-o", "json").stdout)["items"]) == 1500


@pytest.mark.parametrize("how", [[], ["--all"], ["-o", "json"], ["--all", "-o", "json"]])
def test_a_page_that_found_nothing_yet_is_not_the_end(backend: SmallBackend, how: list[str]) -> None:
    backend.things.begins_empty = True
    printed = graveshift(backend, "get", "dlq", *how)
    assert all(one.id in printed.stdout for one in backend.things.letters)
    assert printed.stdout.count("ERROR TYPE") == (0 if "json" in how else 1)
    assert "showing" not in printed.stderr


def test_a_count_that_says_less_than_is_shown_is_not_said(backend: SmallBackend) -> None:
    backend.things.begins_empty = True
    backend.things.letters = []
    printed = graveshift(backend, "get", "dlq")
    assert "of 0+" not in printed.stderr
    assert len(printed.stdout.splitlines()) == 1


def test_a_run_that_is_steered_is_told_what_was_asked_and_whether_it_holds() -> None:
    def words(act: Act, state: RunState, **fields: object) -> str:
        given = {"id": "1", "plan_id": "p", "operation": "dlq.requeue", "state": state, "total": 9, "actor": "ana"}
        return steered_line(msgspec.convert({**given, "moved": 5, **fields}, Run), act)

    after = "; 5 moved, 0 conflict, 0 gone, 0 failed"
    assert words(Act.PAUSE, RunState.RUNNING) == f"run 1: pause asked, it takes hold at the next chunk{after}"
    assert words(Act.PAUSE, RunState.PAUSED) == f"run 1: paused{after}"
    assert words(Act.CANCEL, RunState.RUNNING) == f"run 1: cancel asked, it takes hold at the next chunk{after}"
    assert words(Act.CANCEL, RunState.CANCELLED) == f"run 1: cancelled{after}"
    assert words(Act.RESUME, RunState.QUEUED) == f"run 1: resumed, it goes on in the backend{after}"
    assert words(Act.RATE, RunState.RUNNING, rate=5000.0) == f"run 1: 5,000/s from now on{after}"
    assert words(Act.RATE, RunState.PAUSED, rate=0.04) == f"run 1: 0.04/s once it is resumed{after}"
    assert words(Act.RATE, RunState.RUNNING) == f"run 1: no limit from now on{after}"


def test_a_rate_is_typed_as_it_is_shown_and_what_is_none_is_met_with_examples(backend: SmallBackend) -> None:
    graveshift(backend, "do", "dlq.requeue", "--all", "--arg", "rate=50", "-y")
    assert "run 81: " in graveshift(backend, "run", "rate", "81", "5,000").stdout
    for wrong in ("0", "5,00", "fast"):
        done = graveshift(backend, "run", "rate", "81", wrong)
        assert (done.returncode, f"`{wrong}` is no rate. A rate is 500, 5,000 or 0.5" in done.stderr) == (2, True)


def test_a_filter_narrows_and_a_wrong_one_names_the_nearest(backend: SmallBackend) -> None:
    backend.things.letters.append(letter(9, queue="reports"))
    found = graveshift(backend, "get", "dlq", "--filter", "queue=reports", "-o", "json")
    assert len(json.loads(found.stdout)["items"]) == 1
    wrong = graveshift(backend, "get", "dlq", "--filter", "quue=reports")
    assert wrong.returncode == 2
    assert "did you mean `queue`?" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["get", "dlq", "native:none"], 4),
        (["get", "dql"], 2),
        (["get", "dlq", "--filter", "queue"], 2),
        (["get", "dlq", "--filter", "died_after=yesterday"], 2),
        (["get", "dlq", "--limit", "0"], 2),
        (["get", "overview", "1"], 2),
        (["get"], 2),
        (["get", "audit", ""], 2),
        (["get", "runs", ""], 2),
        (["run", "pause", ""], 2),
        (["do", "dlq.requeu", "--all"], 2),
        (["do", "dlq.requeue"], 2),
        (["do", "dlq.requeue", "--all", "--id", "x"], 2),
        (["do", "dlq.requeue", "--all", "--arg", "rat=5"], 2),
        (["do", "dlq.requeue", "--all"], 2),
        (["do", "queue.pause", "--all"], 2),
        (["do", "queue.pause"], 2),
        (["gte"], 2),
        (["--thme", "x"], 2),
        ([], 2),
        (["open", "dlq"], 2),
        (["open", "dql/3"], 2),
        (["demo"], 2),
        (["demo", "--keep"], 2),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_one_line(backend: SmallBackend, argv: list[str], code: int) -> None:
    done = graveshift(backend, *argv)
    assert (done.returncode, done.stdout) == (code, "") or "plan p0" in done.stdout
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert backend.things.runs == {}


def test_a_wrong_token_and_nobody_there(backend: SmallBackend) -> None:
    assert graveshift(backend, "get", "dlq", GRAVESHIFT_TOKEN="gs_1_wrong").returncode == 3
    assert graveshift(backend, "get", "dlq", GRAVESHIFT_URL="http://127.0.0.1:9").returncode == 6
    assert graveshift(backend, "get", "dlq", GRAVESHIFT_URL="ftp://x").returncode == 2


def test_do_shows_the_plan_confirms_and_tells_the_counts(backend: SmallBackend) -> None:
    done = graveshift(backend, "do", "dlq.requeue", "--filter", "queue=mail", "--yes", "--wait", "--reason", "healed")
    assert done.returncode == 0
    assert "acting on 3" in done.stdout
    assert "queue mail: 3 letters go back" in done.stdout
    assert done.stdout.splitlines()[-1] == ("run 81: dlq.requeue succeeded: 3 moved, 0 conflict, 0 gone, 0 failed")
    assert backend.things.runs["81"].reason == "healed"
    assert backend.things.plans["p0"].args == {"selection": {"filter": {"queue": "mail"}}}


def test_do_without_wait_leaves_the_run_to_the_backend(backend: SmallBackend) -> None:
    done = graveshift(backend, "do", "dlq.requeue", "--all", "-y")
    assert done.returncode == 0
    assert "goes on in the backend" in done.stdout


def test_a_dry_run_only_plans(backend: SmallBackend) -> None:
    done = graveshift(backend, "do", "dlq.requeue", "--all", "--dry-run", "-o", "json")
    assert json.loads(done.stdout)["count"] == 3
    assert backend.things.runs == {}


def test_json_is_the_run_alone_and_the_plan_goes_to_standard_error(backend: SmallBackend) -> None:
    done = graveshift(backend, "do", "dlq.requeue", "--all", "-y", "--wait", "-o", "json")
    assert json.loads(done.stdout)["moved"] == 3
    assert "acting on 3" in done.stderr


def test_a_failed_item_makes_the_exit_code_one(backend: SmallBackend) -> None:
    backend.things.failing_items = 1
    done = graveshift(backend, "do", "dlq.requeue", "--all", "-y", "--wait")
    assert (done.returncode, "1 failed" in done.stdout) == (1, True)


@pytest.mark.parametrize("confirmed", [[], ["--yes"], ["--wait", "--phrase", "3 prod"]])
def test_a_scope_that_nothing_matches_starts_no_run_and_is_no_failure(
    backend: SmallBackend, confirmed: list[str]
) -> None:
    backend.things.letters = []
    done = graveshift(backend, "do", "dlq.requeue", "--filter", "queue=nosuch", *confirmed)
    assert (done.returncode, done.stderr) == (0, "nothing matches: no run was started\n")
    assert done.stdout.endswith("  nothing matches\n")
    dry = graveshift(backend, "do", "dlq.requeue", "--filter", "queue=nosuch", "--dry-run")
    assert (dry.returncode, dry.stdout.endswith("  nothing matches\n")) == (0, True)
    told = graveshift(backend, "do", "dlq.requeue", "--filter", "queue=nosuch", "-o", "json", *confirmed)
    assert (told.returncode, json.loads(told.stdout)) == (0, None)
    assert backend.things.runs == {}


def test_the_phrase_must_be_the_plans(backend: SmallBackend) -> None:
    backend.things.confirm, backend.things.phrase = Confirm.PHRASE, "3 prod"
    for argv in ([], ["--phrase", "3"], ["--yes"]):
        done = graveshift(backend, "do", "dlq.requeue", "--all", *argv)
        assert done.returncode == 7
        assert "3 prod" in done.stderr
    assert backend.things.runs == {}
    assert graveshift(backend, "do", "dlq.requeue", "--all", "--phrase", "3 prod").returncode == 0


def test_a_verb_this_token_may_not_do(backend: SmallBackend) -> None:
    backend.things.allowed = False
    assert graveshift(backend, "do", "dlq.requeue", "--all", "-y").returncode == 3


def test_arguments_are_json_unless_the_verb_wants_text(backend: SmallBackend) -> None:
    graveshift(backend, "do", "dlq.requeue", "--id", "a", "--id", "b", "--arg", "rate=50", "-y")
    graveshift(backend, "do", "dlq.requeue", "--all", "--arg", "rate=unlimited", "-y")
    graveshift(backend, "do", "run.undo", "--arg", "run=81", "-y")
    graveshift(backend, "do", "queue.pause", "--arg", "queue=native:mail", "--arg", "reason=null", "-y")
    assert [plan.args for plan in backend.things.plans.values()] == [
        {"selection": {"ids": ["a", "b"]}, "rate": 50},
        {"selection": {"all": True}, "rate": "unlimited"},
        {"run": "81"},
        {"queue": "native:mail", "reason": None},
    ]


@pytest.mark.parametrize(("answer", "code", "runs"), [(b"y\n", 0, 1), (b"\n", 1, 0), (b"no\n", 1, 0)])
def test_on_a_terminal_do_asks(backend: SmallBackend, answer: bytes, code: int, runs: int) -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "GRAVESHIFT_URL": backend.url, "GRAVESHIFT_TOKEN": TOKEN}
    argv = [sys.executable, "-m", "graveshift_tui", "do", "dlq.requeue", "--all"]
    try:
        os.write(ours, answer)
        done = subprocess.run(argv, stdin=theirs, capture_output=True, text=True, env=env, check=False, timeout=30)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "carry it out? [y/N]" in done.stderr
    assert (done.returncode, len(backend.things.runs)) == (code, runs)


def test_a_terminal_without_unicode_gets_escapes(backend: SmallBackend) -> None:
    backend.things.letters = [letter(0, message="né ▲")]
    done = graveshift(backend, "get", "dlq", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (done.returncode, "\\u25b2" in done.stdout) == (0, True)


def test_a_reader_that_leaves_early_is_no_error(backend: SmallBackend) -> None:
    backend.things.letters = [letter(number) for number in range(3000)]
    env = {**os.environ, "GRAVESHIFT_URL": backend.url, "GRAVESHIFT_TOKEN": TOKEN}
    line = f"{shlex.quote(sys.executable)} -m graveshift_tui get dlq --all | head -n 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=env, check=True)
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


@pytest.mark.parametrize("name", ["", "get", "do", "open", "demo", "serve", "token"])
def test_help_is_there_without_a_backend(backend: SmallBackend, name: str) -> None:
    done = graveshift(backend, *([name] if name else []), "--help")
    assert (done.returncode, done.stdout.lower().startswith("usage: graveshift")) == (0, True)
    assert backend.asked == []
