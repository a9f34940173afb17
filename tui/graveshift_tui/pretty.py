"""JSON laid out to be read and edited: made of the tokens that were sent, so that every number keeps its text."""

import json
import re
from collections.abc import Iterator
from typing import Final

TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
CUT_TOKEN: Final = re.compile(rf"{TOKEN.pattern}|\".*", re.DOTALL)
STEP: Final = "  "


def pretty(payload: bytes) -> str:
    """A value a line; what is no JSON stays as it is."""
    text = payload.decode(errors="backslashreplace")
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return "".join(_laid_out(TOKEN.findall(text))) + "\n"


def laid_out(text: str) -> str:
    """The same of what may be cut off anywhere, or be no JSON: as far as it can be read."""
    return "".join(_laid_out(CUT_TOKEN.findall(text))) + "\n"


def _laid_out(tokens: list[str]) -> Iterator[str]:
    """As json.dumps would indent it; what is empty stays on its line."""
    depth = 0
    for token, before in zip(tokens, ["", *tokens], strict=False):
        if token in ("}", "]"):
            depth -= 1
            if before not in ("{", "["):
                yield "\n" + STEP * depth
        elif before in ("{", "[", ","):
            yield "\n" + STEP * depth
        elif before == ":":
            yield " "
        depth += token in ("{", "[")
        yield _readable(token) if token.startswith('"') else token


def _readable(token: str) -> str:
    """A string with its letters instead of their escapes, where a terminal can show them all."""
    try:
        shown = json.dumps(json.loads(token), ensure_ascii=False)
    except ValueError:
        return token
    return shown if shown.isprintable() else token
