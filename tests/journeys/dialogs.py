"""What everybody does at the console, journey by journey: commands, answers, leaving."""

import re

from tests.journeys.person import Person


def command(person: Person, text: str) -> None:
    """A line after `:`, at the bottom of the screen."""
    person.press(":")
    person.sees(r"dlq, groups, by FIELD")
    person.press(text)
    person.sees(rf"(?m)^ {re.escape(text)} *\Z")
    person.press("enter")


def confirm(person: Person) -> str:
    """Answer as the dialog asks: yes, or the phrase it names, which is returned."""
    found = person.sees(
        r"This changes:(?s:.*)(?:y +Yes, do it|(?:To confirm|all the same), type  (?P<phrase>[^│]*[^│ ]) *│)"
    )
    phrase = found.group("phrase") or ""
    if phrase:
        person.press(phrase)
        person.sees(rf"│ +{re.escape(phrase)} +│")
        person.press("enter")
    else:
        person.press("y")
    person.sees_no_more(r"This changes:")
    return phrase


def choose(person: Person, key: str, title: str, text: str) -> None:
    """A key that asks for a value; nothing is typed before it is asked, nor taken before it is read."""
    person.press(key)
    person.sees(title)
    person.press(text)
    person.sees(rf"│ +{re.escape(text)} +│")
    person.press("enter")


def leave(person: Person) -> None:
    """Nothing is under way any more, so nothing is asked."""
    person.press("q")
    assert person.sees_the_end(within=30) == 0
