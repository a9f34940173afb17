"""A sample of one cause by what it is made of: payload fields that tell much, worker versions, ages; pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice, zip_longest
from typing import Any

import msgspec

from graveshift.seen import Seen
from graveshift.wire.groups import Facet, FacetValue, Sample

Hide = Callable[[bytes], bytes]
"""Takes the JSON that was sent, gives the JSON that may be shown."""

HIDDEN = "***"
HOST = ("host", "hostname")
VALUES, FIELDS, LISTED, ASKED = 5, 2, 5, 20
LONGEST_VALUE, LONGEST_PAYLOAD, DEEPEST = 80, 300, 3
# Of a sample a field tells something that half of the letters have, whose values come again.
HAS, REPEATS = 0.5, 3.0
AGES = (("<1h", 3600.0), ("<6h", 21_600.0), ("<1d", 86_400.0), ("<7d", 604_800.0), ("older", float("inf")))
NUMBERS = (int, float, bool)
FRAME = re.compile(r'^ *File "([^"\n]+)", line (\d+), in (\S+)', re.MULTILINE)
FOREIGN = ("site-packages", "dist-packages", "/lib/python", "<frozen", "graveshift/worker/")


def facets(seen: Sequence[Seen], now: datetime, hide: Hide | None) -> list[Facet]:
    """By host where payloads have one, by the fields that tell most, by version and by age.

    Without `hide` no payload field is shown but the host, as nothing says which are secret.
    """
    if not seen:
        return []
    fields = _fields(seen, hosts_only=hide is None)
    hosts = (name for name in fields if name.rpartition(".")[2] in HOST)
    first = list(islice((name for name in hosts if _may_be_shown(name, fields[name], hide)), 1))
    telling = [name for name in fields if name not in first and _tells(fields[name], len(seen))]
    telling.sort(key=lambda name: _rank(fields[name], len(seen)))
    others = (name for name in telling if _may_be_shown(name, fields[name], hide))
    chosen = [*first, *islice(others, FIELDS if hide else 0)]
    found = [_facet(f"payload.{name}", fields[name].n, len(seen)) for name in chosen]
    versions = Counter(one.version for one in seen if one.version)
    if versions:
        found.append(_facet("version", versions, len(seen)))
    ages = Counter(_age(now, one.enqueued_at) for one in seen if one.enqueued_at)
    if ages:
        values = [FacetValue(name, ages[name], _share(ages[name], len(seen))) for name, _ in AGES if ages[name]]
        found.append(Facet("enqueued", values))
    return found


def facet_by(by: str, seen: Sequence[Seen], now: datetime, hide: Hide) -> Facet:
    """By what was asked for, whatever it tells; values of a field that holds secrets are not told apart."""
    if by in ("version", "enqueued"):
        return next((facet for facet in facets(seen, now, None) if facet.by == by), Facet(by, []))
    name = by.removeprefix("payload.")
    values = _fields(seen, hosts_only=False).get(name, Values([]))
    shown = values.n if _may_be_shown(name, values, hide) else Counter({HIDDEN: values.n.total()})
    return _facet(f"payload.{name}", shown, len(seen), ASKED)


def samples(seen: Sequence[Seen], error_type: str, hide: Hide | None) -> list[Sample]:
    """The newest few; without `hide` no payload is shown."""
    return [
        Sample(
            job_id=one.job_id,
            letter=one.letter,
            died_at=one.died_at,
            payload=_shown(hide(one.payload)) if hide and one.payload is not None else None,
            place=place(one.traceback, error_type),
            trace_id=one.trace_id,
        )
        for one in seen[:LISTED]
    ]


def place(traceback: str | None, error_type: str) -> str | None:
    """`deliver.py:41 post > httpx.ConnectTimeout`: the innermost line of the author's own code; None without one."""
    frames = FRAME.findall(traceback or "")
    own = [frame for frame in frames if not any(part in frame[0] for part in FOREIGN)] or frames
    if not own:
        return None
    file, line, function = own[-1]
    return f"{file.rpartition('/')[2]}:{line} {function} > {error_type}"


def host(payload: bytes) -> str | None:
    """What the payload names as a host, wherever it stands; None where it names none."""
    return next((value for name, value in _decoded(payload) if name.rpartition(".")[2] in HOST), None)


class Values:
    """What stands in one field: how often each value, and one payload with each."""

    def __init__(self, found: Sequence[tuple[str, bytes]]) -> None:
        self.n = Counter(value for value, _ in found)
        self.payloads = dict(found)


def _fields(seen: Sequence[Seen], *, hosts_only: bool) -> Mapping[str, Values]:
    """How often each value stands in each field, of plain values and not of lists; nothing is hidden yet."""
    found: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for payload in (one.payload for one in seen if one.payload is not None):
        for name, value in _decoded(payload):
            found[name].append((value, payload))
    return {name: Values(all) for name, all in found.items() if not hosts_only or name.rpartition(".")[2] in HOST}


def _may_be_shown(name: str, values: Values, hide: Hide | None) -> bool:
    """No value of the field is a secret, each as it stands in a payload: all payloads would be five times as many.

    They are hidden as one list, which is read a few times as a whole: lists have no part in what is secret.
    """
    if hide is None:
        return True
    if any(HIDDEN in value for value in values.payloads):
        return False
    hidden = _decoded_all(hide(b"[%b]" % b",".join(values.payloads.values())))
    return all((name, value) in document for value, document in zip_longest(values.payloads, hidden, fillvalue=()))


def _decoded(payload: bytes) -> list[tuple[str, str]]:
    """Fields and values, of what is no JSON none."""
    try:
        return _plain(msgspec.json.decode(payload), "", DEEPEST, [])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _decoded_all(payloads: bytes) -> list[list[tuple[str, str]]]:
    try:
        return [_plain(one, "", DEEPEST, []) for one in msgspec.json.decode(payloads, type=list[Any])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _plain(document: Any, path: str, deep: int, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was found before and what is in here, each with the names that lead to it."""
    if not isinstance(document, dict) or not deep:
        return found
    for name, value in document.items():
        kind = type(value)
        if kind is dict:
            _plain(value, f"{path}{name}.", deep - 1, found)
        elif kind is str or kind in NUMBERS:
            text = value if kind is str else msgspec.json.encode(value).decode()
            if len(text) <= LONGEST_VALUE and (named := path + name):
                found.append((named, text))
    return found


def _tells(values: Values, sampled: int) -> bool:
    """Most letters have it, and its values come again: no id of each letter."""
    n = values.n.total()
    return n >= sampled * HAS and n / len(values.n) >= REPEATS


def _rank(values: Values, sampled: int) -> tuple[bool, float]:
    """What differs before what is the same in all; then what one value has most of."""
    return len(values.n) < 2, -max(values.n.values()) / sampled


def _facet(by: str, values: Counter[str], sampled: int, most: int = VALUES) -> Facet:
    first = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    shown = [FacetValue(value, n, _share(n, sampled)) for value, n in first]
    return Facet(by, shown, len(values) - len(shown))


def _age(now: datetime, then: datetime) -> str:
    gap = (now - then).total_seconds()
    for name, limit in AGES:  # no generator: it would cost more than all of the rest
        if gap < limit:
            return name
    return AGES[-1][0]


def _share(n: int, sampled: int) -> float:
    return round(n / sampled, 4)


def _shown(payload: bytes) -> str:
    text = payload.decode("utf-8", "replace")
    return text if len(text) <= LONGEST_PAYLOAD else f"{text[:LONGEST_PAYLOAD]}…"
