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
