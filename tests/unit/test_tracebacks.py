"""A traceback is read from its cause on, whatever strangers wrote into it, and a huge one stalls nothing."""

import time
import traceback

from graveshift_tui.screens.tracebacks import SHOWN, long_text, traceback_nodes
from graveshift_tui.widgets.tree import Node, flatten, shut

TEXT = """Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/httpx/_client.py", line 914, in send
    raise mapped
  File "/app/pool.py", line 7, in take
    return self.free.pop()
IndexError: pop from empty list

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/graveshift/worker/running.py", line 88, in start
    await call()
  File "/app/deliver.py", line 41, in post
    client.send(request)
    ^^^^^^^^^^^^^^^^^^^^
  File "/venv/lib/python3.11/site-packages/httpx/_client.py", line 914, in send
    raise mapped
  File "/usr/lib/python3.11/asyncio/tasks.py", line 5, in wait
    x
httpx.ConnectTimeout: no answer
within 10 s
"""


def lines(nodes: tuple[Node, ...]) -> list[str]:
    """What shows at first."""
    return ["".join(text for text, _ in flat.line).strip() for flat in flatten(nodes, frozenset())]


def test_the_innermost_own_frame_comes_first_and_libraries_are_folded() -> None:
    shown = lines(traceback_nodes(TEXT))
    assert shown[:5] == [
        "httpx.ConnectTimeout: no answer", "within 10 s", "app/deliver.py:41 post", "client.send(request)",
        "3 library frames",
    ]  # fmt: skip


def test_a_chain_is_told_from_the_last_to_the_first_in_words() -> None:
    shown = lines(traceback_nodes(TEXT))
    at = shown.index("it came of:")
    assert shown[at + 1 : at + 3] == ["IndexError: pop from empty list", "app/pool.py:7 take"]
    assert shown[-1] == "as it came"


def test_a_real_traceback_is_read() -> None:
    try:
        try:
            raise KeyError("iban")
        except KeyError:
            raise ValueError("bad") from None
    except ValueError as error:
        text = "".join(traceback.format_exception(error))
    shown = lines(traceback_nodes(text))
    assert shown[0] == "ValueError: bad"
    assert shown[1].startswith("unit/test_tracebacks.py:")


def test_what_is_no_traceback_of_python_stays_as_it_is() -> None:
    assert lines(traceback_nodes("panic: boom\n\tat main.go:3")) == ["panic: boom", "at main.go:3"]
    assert lines(traceback_nodes("")) == [""]


def test_hostile_text_is_harmless_wherever_it_stands() -> None:
    nasty = TEXT.replace("deliver", "de\x1b[2Jliver").replace("post", "po\u202est").replace("no answer", "\x9b31m")
    assert all(line.isprintable() for line in lines(traceback_nodes(nasty)))


def test_a_long_text_shows_its_beginning_and_says_how_much_more_there_is() -> None:
    nodes = long_text("x", "\n".join(f"line {i}" for i in range(2434)))
    assert lines(nodes)[SHOWN - 1 :] == ["line 199", "+ 1,000 more lines", "+ 1,000 more lines", "+ 234 more lines"]
    assert len(list(flatten(nodes, frozenset(shut(nodes))))) == 2434 + 3


def test_five_megabytes_take_a_moment_once_and_nothing_after_that() -> None:
    frames = '  File "/app/a.py", line 1, in f\n    f()\n' * 120_000
    for text in (
        f"Traceback (most recent call last):\n{frames}RecursionError: deep",
        "x" * 5_000_000,
        "\n" * 5_000_000,
    ):
        started = time.process_time()
        assert len(lines(traceback_nodes(text))) < 300
        assert time.process_time() - started < 3
        started = time.process_time()
        traceback_nodes(text)
        assert time.process_time() - started < 0.05
