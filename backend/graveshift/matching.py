"""Whether a payload has what a filter wants: jsonb's containment, for every text that the json type keeps."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from graveshift.veil import Veil, refuse
from graveshift.wire.selection import CARRIED, Filter, Veiled

LONE = re.compile("[\ud800-\udfff\0]")


def wants(payload: bytes | str, wanted: str) -> bool:
    """True where the payload contains `wanted`; false for what cannot be read."""
    try:
        return contains(_read(payload), _read(wanted))
    except (ValueError, ArithmeticError, RecursionError):
        return False


def contains(value: Any, wanted: Any) -> bool:
    """Objects may have more keys, lists more elements in any order; all else is equal and of the same type."""
    match wanted:
        case dict():
            return isinstance(value, dict) and all(k in value and contains(value[k], v) for k, v in wanted.items())
        case list():
            return isinstance(value, list) and all(any(contains(one, part) for one in value) for part in wanted)
    return type(value) is type(wanted) and bool(value == wanted)


def carries(payload: bytes | str, chosen: Filter, veil: Veil | None) -> bool:
    """True where the payload has all that the filter wants of it; what it excludes is not looked at."""
    wanted = [*([] if chosen.payload is None else [[chosen.payload]]), *chosen.contains]
    return all(any(wants(payload, one) for one in either) for either in wanted) and all(
        is_covered(payload, veiled, veil) for veiled in chosen.veiled
    )


def of_payload(excluded: Sequence[Filter]) -> list[Filter]:
    """Those that say something of the payload."""
    return [one for one in excluded if one.given & (CARRIED - {"text", "phrases"})]


def is_covered(payload: bytes | str, veiled: Veiled, veil: Veil | None) -> bool:
    """True where the token stands for the value at its path. Raises Invalid where that cannot be told."""
    try:
        return is_veiled(_read(payload), veiled.path, veiled.token, veil)
    except (ValueError, ArithmeticError, RecursionError):
        return False


def is_veiled(value: Any, path: Sequence[str], token: str, veil: Veil | None) -> bool:
    """True where the token stands for what is at the path of this value: a text, or what JSON writes of a scalar."""
    if veil is None:
        raise refuse()
    veil.check(token)
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    match value:
        case str():
            return veil.covers(token, value)
        case bool() | None:
            return veil.covers(token, json.dumps(value))
        case Decimal():
            return veil.covers(token, f"{value:f}")
    return False


def fits(value: str | None, wanted: str | None) -> bool:
    """True where it is what is wanted, in which a `*` stands for anything; None wants nothing."""
    if wanted is None:
        return True
    return value is not None and (_pattern(wanted).fullmatch(value) is not None if "*" in wanted else value == wanted)


@lru_cache(512)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, wanted.split("*"))), re.DOTALL)


def plain(wanted: str) -> str:
    """The same with U+FFFD for what jsonb does not hold, as a letter's search copy has it."""
    return wanted if is_plain(wanted) else json.dumps(_plain(json.loads(wanted)))


def _plain(value: Any) -> Any:
    match value:
        case str():
            return LONE.sub("\ufffd", value)
        case dict():
            return {_plain(key): _plain(part) for key, part in value.items()}
        case list():
            return [_plain(part) for part in value]
    return value


def is_plain(wanted: str) -> bool:
    """True where jsonb can hold it: no U+0000 and no lone surrogate in any text."""
    text = json.dumps(json.loads(wanted), ensure_ascii=False)
    return "\\u0000" not in text.replace("\\\\", "") and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _read(text: bytes | str) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)
