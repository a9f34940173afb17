"""What was acknowledged, what nobody knows, and what the handlers wrote down."""

from collections import Counter
from pathlib import Path

from msgspec import Struct


class Record:
    """Filled by producers. `acked`: job id -> tag; a tag is `unsure` when its acknowledgement never came."""

    def __init__(self) -> None:
        self.acked: dict[int, str] = {}
        self.unsure: set[str] = set()


class Trace(Struct, frozen=True):
    """One line of a handler: `began` or `effect`, with what it adds."""

    word: str
    job: int
    attempt: int
    pid: int
    more: str


class Traces(Struct, frozen=True):
    """All lines of a folder."""

    lines: tuple[Trace, ...]

    @classmethod
    def read(cls, folder: Path) -> "Traces":
        return cls(tuple(_line(one) for file in folder.glob("trace-*") for one in file.read_text().splitlines()))

    def begun(self) -> Counter[tuple[int, int]]:
        """How often each attempt of each job was begun."""
        return Counter((line.job, line.attempt) for line in self.lines if line.word == "began")

    def effects(self) -> dict[tuple[int, int], list[int]]:
        """(job, attempt) -> the pids that did its work."""
        found: dict[tuple[int, int], list[int]] = {}
        for line in self.lines:
            if line.word == "effect":
                found.setdefault((line.job, line.attempt), []).append(line.pid)
        return found

    def of(self, job: int, word: str) -> list[Trace]:
        return [line for line in self.lines if line.job == job and line.word == word]


def _line(text: str) -> Trace:
    word, job, attempt, pid, *more = text.split(" ")
    return Trace(word, int(job), int(attempt), int(pid), " ".join(more).strip())
