"""A night on call, from the first screen to the record of it, with keys on a real terminal of 80 by 24."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.dialogs import command, confirm, leave
from tests.journeys.home import empty_home
from tests.journeys.person import Person

DEMO = (sys.executable, "-m", "graveshift_tui", "demo", "--keep", "--rate", "8", "--letters", "300")
START_S = 90.0


@pytest.fixture
def home() -> Iterator[Path]:
    with empty_home() as home:
        yield home


@pytest.mark.timeout(400)
def test_a_night_on_call(home: Path) -> None:
    with Person([*DEMO, "--data-dir", str(home)]) as person:
        person.sees(r"DEMO .* live", within=START_S)
        person.sees(r"CAUSE +DEAD")
        requeue_three_marked_letters(person)
        pause_a_queue_for_five_minutes_and_resume_it(person)
        heal_and_requeue_the_cause(person)
        undo_a_requeue_into_a_paused_queue(person)
        see_a_backup_verified(person)
        rotate_a_secret_in_four_steps(person)
        leave(person)
    with Person([*DEMO, "--data-dir", str(home)]) as person:
        person.sees(r"DEMO .* live", within=START_S)
        find_everything_on_the_record(person)
        leave(person)


def requeue_three_marked_letters(person: Person) -> None:
    person.goes("2", r"overview › groups(?s:.*)›!?\w")
    person.press("enter")
    person.sees(r"DIED +QUEUE(?s:.*)› \d")
    person.press("enter")
    person.sees(r"payload")
    person.press("esc")
    person.sees(r"DIED +QUEUE(?s:.*)› \d")
    for _ in range(3):
        person.press("space", "j")
    person.sees(r"3 marked")
    person.press("r")
    person.sees(r"Requeue 3 marked letters")
    confirm(person)
    newest_run_succeeds(person, "dlq.requeue")
    person.sees(r"100% of 3\b")


def pause_a_queue_for_five_minutes_and_resume_it(person: Person) -> None:
    to_queue(person, "mail")
    pause(person, "mail")
    person.sees(r"mail +PAUSED")
    resume(person, "mail")
    person.sees_no_more(r"mail +PAUSED")
    newest_run_succeeds(person, "queue.resume")


def heal_and_requeue_the_cause(person: Person) -> None:
    command(person, "demo heal")
    person.sees(r"the downstream is told to heal")
    person.goes("2", r"overview › groups")
    narrow(person, "queue:webhooks")
    cause = person.sees(r"›!?(\S+)")[1]
    person.press("R")
    person.sees(r"Requeue")
    confirm(person)
    newest_run_succeeds(person, "dlq.requeue")
    person.goes("5", r"overview › jobs")
    narrow(person, "queue:webhooks state:done")
    person.sees(r"webhook\.deliver +done|done +.*webhook")
    person.goes("2", r"overview › groups")
    narrow(person, "queue:webhooks")
    person.sees_no_more(rf"›!?{re.escape(cause)} .* [1-9][\d,]* +\d+ +\+")


def undo_a_requeue_into_a_paused_queue(person: Person) -> None:
    to_queue(person, "reports")
    pause(person, "reports")
    person.sees(r"reports +PAUSED")
    person.press("R")
    person.sees(r"Requeue")
    confirm(person)
    newest_run_succeeds(person, "dlq.requeue")
    person.press("u")
    person.sees(r"[Uu]ndo")
    confirm(person)
    newest_run_succeeds(person, "run.undo")
    to_queue(person, "reports")
    resume(person, "reports")
    person.sees_no_more(r"reports +PAUSED")


def see_a_backup_verified(person: Person) -> None:
    person.press("B")
    person.sees(r"[Bb]ack")
    confirm(person)
    newest_run_succeeds(person, "backup.create")
    person.goes("8", r"overview › backups")
    person.sees(r"verified")


def rotate_a_secret_in_four_steps(person: Person) -> None:
    person.goes("9", r"overview › secrets")
    person.sees(r"webhook-signing-key")
    person.press("G")
    person.press("S")
    person.sees(r"webhook-signing-key")
    confirm(person)
    newest_run_succeeds(person, "secret.rotate")
    person.press("enter")
    for step in ("create", "set", "test", "finish"):
        person.sees(rf"\b{step}\b")
    person.press("esc")
    person.sees(r"overview › runs ")


def find_everything_on_the_record(person: Person) -> None:
    person.goes("7", r"overview › runs")
    for operation in ("dlq.requeue", "queue.pause", "queue.resume", "run.undo", "backup.create", "secret.rotate"):
        person.sees(operation.replace(".", r"\."))
    person.goes("0", r"overview › audit")
    person.sees(r"secret\.rotate +succeeded")


def newest_run_succeeds(person: Person, operation: str) -> None:
    person.goes("7", r"overview › runs")
    person.press("g")
    person.sees(rf"› *\d+ +{re.escape(operation)} +(?:moved|succeeded)", within=60)


def to_queue(person: Person, name: str) -> None:
    person.goes("4", r"overview › queues")
    narrow(person, f"queue:{name}")


def narrow(person: Person, text: str) -> None:
    person.press("/")
    person.press(text, "enter")
    person.sees("/in queue")


def pause(person: Person, name: str) -> None:
    person.press("p")
    person.sees(rf"Pause {name} for how long")
    person.press("enter")
    person.sees(rf"Pause queue {name} for 15 minutes")
    confirm(person)


def resume(person: Person, name: str) -> None:
    person.press("p")
    person.sees(rf"{name} is paused\. Resume it")
    person.press("enter")
    person.sees(rf"Resume queue {name}")
    confirm(person)
