"""Makes text from anywhere harmless to a terminal: what cannot be printed is shown as an escape, never sent.

Queues hold text that strangers wrote. An escape sequence in it could write the clipboard or repaint the
screen with a lie, and Textual passes it through. Everything the console shows goes through here; structs keep
the raw text.
"""

import re
from unicodedata import category

_MARKS = 2
_ZALGO = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3,}")
# What says how an emoji looks: terminals do not agree whether it takes cells of its own, and a row would be shifted.
_LOOKS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
_ELLIPSIS = "…"
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def clean(text: str, limit: int | None = None) -> str:
    """`text` on one line, of at most `limit` characters, holding nothing but printable characters.

    It is cut before it is cleaned, so that a huge hostile text costs no more than a short one.
    """
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)] + _ELLIPSIS if limit > 0 else ""
    if text.isascii() and text.isprintable():
        return text
    text = _ZALGO.sub(lambda run: run[0][:_MARKS], text)
    text = _LOOKS.sub("", text)
    if not text.isprintable():
        text = "".join(map(_shown, text))
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + _ELLIPSIS
    return text


def clean_lines(text: str, limit: int = 2_000, width: int = 2_000) -> list[str]:
    """`text` as at most `limit` harmless lines of at most `width` characters; tabs become four spaces."""
    cut = text[: limit * width]
    lines = [clean(line.rstrip("\r").replace("\t", "    "), width) for line in cut.split("\n", limit)]
    if len(lines) > limit or len(cut) < len(text):
        lines = [*lines[:limit], "… cut here"]
    return lines


def harmless(char: str) -> bool:
    """True where a terminal only draws `char`."""
    return char.isprintable()


def _shown(char: str) -> str:
    """A printable stand-in: wide spaces become one space, the rest is escaped."""
    if char.isprintable():
        return char
    if category(char) == "Zs":
        return " "
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
