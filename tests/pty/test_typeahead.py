"""Keys typed faster than the screen follows arrive where they were meant to, on a real terminal."""

from tests.pty.terminal import FAKE, Terminal
from tests.waiting import until_now


def test_a_burst_of_keys_goes_to_the_prompt_then_to_the_screen_it_opened() -> None:
    with Terminal([*FAKE, "frozen"]) as terminal:
        until_now(lambda: terminal.shows("CAUSE"), within=30)
        terminal.send(":queues\r/queue:mail\r")
        until_now(lambda: terminal.shows("/in queue mail"), within=10, what="the filter was typed into nothing")
        assert terminal.shows("overview › queues")
        terminal.send(":dlq\r3:groups\r2")
        until_now(lambda: terminal.shows("overview › groups"), within=10)


def test_what_is_typed_for_a_command_of_the_palette_is_all_in_its_line() -> None:
    with Terminal([*FAKE, "frozen"]) as terminal:
        until_now(lambda: terminal.shows("CAUSE"), within=30)
        terminal.send("3")
        until_now(lambda: terminal.shows("› 03:1"), within=10, what="a letter is under the cursor")
        terminal.send("\x10export\r/p/nowhere.csv\r")
        until_now(lambda: terminal.shows("exporting to /p/nowhere.csv"), within=10, what="a key was taken by the list")
        assert not terminal.shows("Pause")
