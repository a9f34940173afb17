"""A filter as a condition on rows of causes: queue, kind, fingerprint, error type and message."""

from typing import Any

from graveshift.wire.selection import Filter

NAMED = ("queue", "kind", "fingerprint", "error_type")
WORDS = "graveshift.words(error_type, message) @@ {to}('simple', graveshift.plain(CAST(:{name} AS text)))"


def shown(chosen: Filter, system: str) -> tuple[str, dict[str, Any]]:
    """The condition, and its parameters; what a filter says of letters alone is for others to refuse."""
    pieces, parameters = _pieces(chosen, system, "f")
    for place, excluded in enumerate(chosen.without):
        more, named = _pieces(excluded, system, f"w{place}")
        pieces.append(f"NOT coalesce({' AND '.join(more)}, false)")
        parameters |= named
    return " AND ".join(pieces), parameters


def _pieces(chosen: Filter, system: str, prefix: str) -> tuple[list[str], dict[str, Any]]:
    pieces = [] if chosen.system in (None, system) else ["false"]
    parameters: dict[str, Any] = {}
    for field in NAMED:
        value, name = getattr(chosen, field), f"{prefix}_{field}"
        if value is not None:
            pieces.append(f"{field} {'LIKE' if '*' in value else '='} CAST(:{name} AS text)")
            parameters[name] = _pattern(value) if "*" in value else value
    said = [("plainto_tsquery", chosen.text), *(("phraseto_tsquery", phrase) for phrase in chosen.phrases)]
    for place, (to, words) in enumerate(said):
        if words is not None:
            name = f"{prefix}_words{place}"
            pieces.append(WORDS.format(to=to, name=name))
            parameters[name] = words
    return pieces or ["true"], parameters


def _pattern(value: str) -> str:
    """A `*` stands for anything."""
    return "%".join(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in value.split("*"))
