"""Whether a payload contains what a filter wants: jsonb's containment, for every text that the json type keeps."""

import json
from decimal import Decimal
from typing import Any


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


def is_plain(wanted: str) -> bool:
    """True where jsonb can hold it: no U+0000 and no lone surrogate in any text."""
    text = json.dumps(json.loads(wanted), ensure_ascii=False)
    return "\\u0000" not in text.replace("\\\\", "") and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _read(text: bytes | str) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)
