"""One short name for one cause: the error's type, its message without what varies, and where it came from."""

import re
import sys
import sysconfig
from collections.abc import Callable, Iterable
from hashlib import blake2b
from http import HTTPStatus
from types import FrameType, TracebackType

VERSION = 1
LENGTH_LIMIT = 4096
PASSES = 8

_PHRASES = "|".join(re.escape(f"{status.value} {status.phrase}") for status in HTTPStatus)
_NUMBER_WORDS = (
    "http(?:/[0-9.]+)?|status(?:[ _]code)?|code|errno|sqlstate|signal|answered|returned|responded|responded with"
)
_UNITS = "ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|days?|d"
_NAMED_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SOURCE = frozenset(
    {"py", "pyx", "js", "ts", "go", "rb", "rs", "java", "c", "h", "cpp", "sql", "json", "yaml", "yml", "toml", "xml"}
)

# What is kept comes first, then the longest shapes; every repetition is bounded or starts at a boundary, so that
# one scan is linear. The order is part of VERSION.
_RULES: tuple[tuple[str, str], ...] = (
    ("kept", r"<(?:n|id|hex|str|addr|time|path|dur|query)>"),
    ("status", rf"\b(?:{_PHRASES})\b"),
    ("code", rf"(?i:(?<![\w])(?:{_NUMBER_WORDS})[ :=]{{0,3}}\d{{1,5}})(?![\w.])"),
    ("failing_row", r"row contains \([^\n]*"),
    ("key_value", r"\)=\([^()\n]{0,1000}\)"),
    ("url", r"(?<!\w)[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>`]{1,2000}"),
    ("str", r"(?<!\w)(?:'[^'\n]{0,1000}'|\"[^\"\n]{0,1000}\"|`[^`\n]{0,1000}`|“[^”\n]{0,1000}”)(?!\w)"),
    ("mail", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}"),
    ("id", r"(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])"),
    (
        "time",
        r"(?<!\d)\d{4}[-/]\d\d[-/]\d\d(?:[T ,]{1,2}\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?(?!\w)",
    ),
    (
        "date",
        rf"(?<!\w){_NAMED_DAY},? \d{{1,2}}(?: [A-Z][a-z]{{2}})?(?: \d{{4}})?"
        r"(?: \d\d:\d\d:\d\d)?(?: \d{4}| GMT| UTC)?(?!\w)",
    ),
    ("clock", r"(?<![\w:.])\d{1,3}:\d\d:\d\d(?:[.,]\d{1,9})?(?![\w:])"),
    ("addr", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?(?![\w.]*\w)"),
    (
        "addr6",
        r"(?<![\w:])\[?(?=[0-9a-fA-F:]{0,40}\d)(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:\](?::\d{1,5})?)?(?![\w:])",
    ),
    ("host", r"(?<![\w.-])(?:localhost|[A-Za-z0-9][\w-]{0,62}(?:\.[A-Za-z0-9][\w-]{0,62}){1,8}):\d{1,6}(?!\w)"),
    ("windows", r"(?<!\w)[A-Za-z]:\\[^\s:'\"<>|]{1,500}"),
    ("path", r"(?<![\w<>/.])~?(?:/[\w.@+%=-]{1,255}){2,}/?"),
    ("hex", r"(?<!\w)0[xX][0-9a-fA-F]{1,64}(?!\w)"),
    ("dur", rf"(?<![\w.])\d{{1,18}}(?:\.\d{{1,18}})?[ ]?(?:{_UNITS})(?!\w)"),
    (
        "n",
        r"(?<![\w.])[+-]?\d{1,3}(?:[,_]\d{3}){1,6}(?:\.\d{1,18})?(?![\w.,]*\w)|(?<![\w.])[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?(?!\w)",
    ),
    ("word", r"\w{1,4096}"),
)
_SCAN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _RULES))
_REPEATED = re.compile(r"(<(?:n|id|hex|str|addr|time|path|dur)>)(?:,? \1)+")
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_LIBRARIES = tuple(
    f"{path}/" for path in {*(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")), sys.base_prefix + "/lib"}
)


def fingerprint(error_type: str, message: str, origin: str = "", *, version: str = f"v{VERSION}") -> str:
    """16 hex digits: the same for the same cause under one version, whatever ids and numbers the message carries."""
    parts = (version, error_type, normalise(message), origin)
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def normalise(message: str) -> str:
    """The message with what varies folded into `<n>`, `<id>`, `<str>` ...; normalising twice changes nothing.

    Only the first `LENGTH_LIMIT` characters count. Status codes and error numbers are kept: they tell causes apart.
    """
    text = message[:LENGTH_LIMIT]
    for _ in range(PASSES):
        folded = _fold(text)
        if folded == text:
            break
        text = folded
    return text


def origin(traceback: TracebackType | None) -> str:
    """`module:function` of the innermost frame outside the standard library and site-packages; "" without frames."""
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return origin_of(frames)


def origin_of(frames: Iterable[FrameType]) -> str:
    """The same for frames, outermost first; where all are libraries' the innermost one tells."""
    inward = list(frames)[::-1]
    chosen = next((frame for frame in inward if _is_ours(frame)), inward[0] if inward else None)
    return f"{_module(chosen)}:{chosen.f_code.co_qualname}" if chosen else ""


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


def _is_ours(frame: FrameType) -> bool:
    """Compiled code names its source as it was called where it was built; its module knows where it is now."""
    paths = (frame.f_code.co_filename, str(frame.f_globals.get("__file__", "")))
    if any("site-packages" in path or "dist-packages" in path or path.startswith("<frozen") for path in paths):
        return False
    return not paths[0].startswith(_LIBRARIES) and not _module(frame).startswith("graveshift.worker")


def _fold(text: str) -> str:
    scanned = _SCAN.sub(_replace, " ".join(text.split()))
    return _REPEATED.sub(r"\1", scanned)[:LENGTH_LIMIT].rstrip()


def _replace(found: re.Match[str]) -> str:
    rule = found.lastgroup or "kept"
    replacement = _REPLACEMENTS.get(rule, f"<{rule}>")
    return replacement if isinstance(replacement, str) else replacement(found[0])


def _keep(text: str) -> str:
    return text


def _quoted(text: str) -> str:
    """A quoted HTTP status says what went wrong; every other quoted text is somebody's data."""
    return text if re.match(_PHRASES, text[1:]) else "<str>"


def _url(text: str) -> str:
    """Scheme, host and the fixed parts of the path stay."""
    scheme, _, rest = text.partition("://")
    place, mark, _ = rest.partition("?")
    authority, slash, path = place.partition("/")
    host = authority.rpartition("@")[2].partition(":")[0]
    folded = "<addr>" if _DIGITS.search(host) or authority.startswith("[") else host
    return f"{scheme}://{folded}{slash}{_segments(path)}" + ("?<query>" if mark else "")


def _path(text: str) -> str:
    if text.startswith("/tmp/"):  # noqa: S108 names in there are made up on the spot
        return "/tmp/<path>"  # noqa: S108
    return _segments(text)


def _segments(path: str) -> str:
    return "/".join(_segment(part) if _DIGITS.search(part) else part for part in path.split("/"))


def _segment(part: str) -> str:
    stem, dot, extension = part.rpartition(".")
    return f"<id>.{extension}" if stem and dot and extension.isalpha() else "<id>"


def _host(text: str) -> str:
    """`name.py:12` is a place in a file; `name.example:12` is an address."""
    name = text.rpartition(":")[0]
    return f"{_DIGITS.sub('<n>', name)}:<n>" if name.rpartition(".")[2] in _SOURCE else "<addr>"


def _word(text: str) -> str:
    if not _DIGITS.search(text):
        return text
    if len(text) >= 6 and _HEX.fullmatch(text):
        return "<hex>"
    if len(text) >= 12 and len(_DIGITS.findall(text)) >= 2:
        return "<id>"
    return _DIGITS.sub("<n>", text)


_REPLACEMENTS: dict[str, str | Callable[[str], str]] = {
    "kept": _keep,
    "status": _keep,
    "code": _keep,
    "failing_row": "row contains (<str>)",
    "key_value": ")=(<str>)",
    "url": _url,
    "str": _quoted,
    "mail": "<addr>",
    "date": "<time>",
    "clock": "<time>",
    "addr6": "<addr>",
    "host": _host,
    "windows": "<path>",
    "path": _path,
    "word": _word,
}
