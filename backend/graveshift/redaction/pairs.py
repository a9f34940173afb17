"""A secret with its name in a text: `password=...`, `"token": "..."`, `--api-key ...`, `Authorization: ...`."""

import re
from collections.abc import Callable

_NAME = re.compile(
    r"(?<![\w.-])(?P<flag>--)?(?P<name>[A-Za-z_][\w.-]{0,63}+)"
    r"""(?:\\{0,3}["'])?[)\]]?(?:[ ]{0,3}(?:=>|:=|==?|:)[ ]{0,3}|(?(flag)[ ]{1,3}|(?!)))\(?(?:[bur]{1,2}(?=["']))?"""
)
_VALUE = re.compile(
    r"""(?P<mark>\\{0,3}["'])(?P<quoted>[^\n]{0,4096}?)(?P=mark)"""
    r"""|(?:(?:bearer|basic|token|digest|apikey)[ ]{1,3})?(?:[^\s,;&"')}\]<>|]|<[a-z]{1,8}>){1,4096}""",
    re.IGNORECASE,
)
_FOLDED = re.compile(r"(?:<[a-z]{1,8}>)+")
"""What messages are folded to so that causes have names, `<n>`, `<str>`; a secret may be folded in its middle, too."""
_CODE = re.compile(r"[A-Za-z_]\w*\(.*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_PLAIN = """
    yes no true false none null nil undefined expected unexpected invalid missing required expired wrong not is was must
    has the a an unknown empty denied failed error revoked str bytes int bool
"""
_PLAIN_WORDS = frozenset(_PLAIN.split())


def pair_names(text: str) -> set[str]:
    """Every name that stands before a value, or may; lines of a text have no part in each other."""
    return {name for _, name in _NAME.findall(text)}


def mask_pairs(text: str, is_secret: Callable[[str], bool], mask: str) -> str:
    """The values of secret names go; plain English and, in the lines of a traceback, plain code stay."""
    if "=" not in text and ":" not in text and "--" not in text:
        return text
    parts, done = [], 0
    for found in _NAME.finditer(text):
        if found.start() < done or not is_secret(found["name"]):
            continue
        value = _VALUE.match(text, found.end())
        if value is None or value[0] == mask or (value["mark"] is None and _tells_nothing(text, found, value[0])):
            continue
        mark = value["mark"] or ""
        parts += [text[done : value.start()], mark, mask, mark]
        done = value.end()
    return "".join((*parts, text[done:])) if parts else text


def _tells_nothing(text: str, found: re.Match[str], value: str) -> bool:
    if value.lower().rstrip(".:!?") in _PLAIN_WORDS or _FOLDED.fullmatch(value):
        return True
    line = text.rfind("\n", 0, found.start()) + 1
    return text.startswith("    ", line) and (value == found["name"] or _CODE.fullmatch(value) is not None)
