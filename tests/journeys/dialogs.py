"""What everybody does at the console, journey by journey: commands, answers, leaving."""

from tests.journeys.person import Person


def command(person: Person, text: str) -> None:
    """A line after `:`."""
    person.press(":", text, "enter")


def confirm(person: Person) -> None:
    """Answer as the dialog asks: yes, or the phrase it names."""
    found = person.sees(r"y +Yes, do it|type +(?P<phrase>[^\s│]+)")
    if phrase := found.group("phrase"):
        person.press(phrase, "enter")
    else:
        person.press("y")
    person.sees_no_more(r"This changes:")


def leave(person: Person) -> None:
    """Nothing is under way any more, so nothing is asked."""
    person.press("q")
    assert person.sees_the_end(within=30) == 0
