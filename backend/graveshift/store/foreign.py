"""A filter as a condition on the index of foreign letters; what is not in the index is refused, never passed over."""

from collections.abc import Mapping
from typing import Any

from graveshift.errors import Invalid
from graveshift.wire.selection import Filter

NAMED = frozenset({"queue", "kind", "fingerprint", "error_type"})
WORDS = "graveshift.words(error_type, error_message) @@ {to}('simple', graveshift.plain(:{name}))"
COMPARED: Mapping[str, str] = {
    "run_id": "run_id::text = :{name}",
    "died_after": "died_at > :{name}",
    "died_before": "died_at < :{name}",
    "enqueued_after": "enqueued_at > :{name}",
    "enqueued_before": "enqueued_at < :{name}",
    "attempts_min": "attempts >= :{name}",
    "attempts_max": "attempts <= :{name}",
    "requeued_min": "requeue_count >= :{name}",
    "requeued_max": "requeue_count <= :{name}",
    "text": WORDS.format(to="plainto_tsquery", name="{name}"),
}


def matched(chosen: Filter, system: str) -> tuple[str, dict[str, Any]]:
    """The condition, and its parameters. Raises Invalid that names the system and what it does not know."""
    pieces, parameters = _pieces(chosen, system, "f")
    for place, excluded in enumerate(chosen.without):
        more, named = _pieces(excluded, system, f"w{place}")
        pieces.append(f"NOT coalesce({' AND '.join(more)}, false)")
        parameters |= named
    return " AND ".join(["system = :here", *pieces]), {**parameters, "here": system}


def _pieces(chosen: Filter, system: str, prefix: str) -> tuple[list[str], dict[str, Any]]:
    pieces: list[str] = []
    parameters: dict[str, Any] = {}
    for field in sorted(chosen.given - {"system", "phrases"}):
        value, name = getattr(chosen, field), f"{prefix}_{field}"
        if value in (None, []):
            continue
        if field not in NAMED and field not in COMPARED:
            raise Invalid(f"the letters of system {system} are not known by `{field}`; name the systems that are meant")
        vague = field in NAMED and "*" in value
        pieces.append(_by_name(field, name, vague) if field in NAMED else COMPARED[field].format(name=name))
        parameters[name] = _pattern(value) if vague else value
    for place, phrase in enumerate(chosen.phrases):
        name = f"{prefix}_phrase{place}"
        pieces.append(WORDS.format(to="phraseto_tsquery", name=name))
        parameters[name] = phrase
    if chosen.system not in (None, system):
        pieces.append("false")
    return pieces or ["true"], parameters


def _by_name(field: str, name: str, vague: bool) -> str:
    return f"{field} {'LIKE' if vague else '='} :{name}"


def _pattern(value: str) -> str:
    """A `*` stands for anything."""
    return "%".join(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in value.split("*"))
