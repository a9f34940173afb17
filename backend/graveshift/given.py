"""A value that was set and where: made into what it must be, a mistake named with its place, key and nearest match."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from graveshift.errors import SettingsError
from graveshift.wire.refusals import refusal

Place = tuple[str, ...]


class Given(Struct, frozen=True):
    """A value and where it was found; what is text in a variable may mean a number."""

    value: Any
    where: str
    lax: bool = False


def converted(place: Place, given: Given, kind: Any) -> Any:
    """The value as its type has it."""
    try:
        return msgspec.convert(given.value, kind, strict=not given.lax)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{given.where}: {'.'.join(place)}: {_refusal(given.value, kind, error)}") from error


def _refusal(value: Any, kind: Any, error: msgspec.ValidationError) -> str:
    """Where there are few words to choose from, these; else what was wrong."""
    if get_origin(kind) is not Literal:
        return refusal(error)
    words = [str(word) for word in get_args(kind)]
    near = get_close_matches(str(value), words, 1)
    return f"{value!r} is none of {', '.join(words)}" + (f"; did you mean {near[0]!r}?" if near else "")


def entries(place: Place, given: Given, kind: type[Struct], name: str, words: str) -> dict[str, Any]:
    """A mapping of names that match `name`, which `words` describe, to things of one kind, in its own order."""
    found = mapping(given.value or {}, f"{given.where}: {'.'.join(place)}")
    for key in found:
        if not re.fullmatch(name, key):
            raise SettingsError(f"{given.where}: {'.'.join((*place, key))}: {words}")
    return {key: _entry((*place, key), one, given.where, kind) for key, one in found.items()}


def _entry(place: Place, given: Any, where: str, kind: type[Struct]) -> Struct:
    known_fields, values = fields(kind), {}
    for key, value in mapping({} if given is None else given, f"{where}: {'.'.join(place)}").items():
        known((*place, key), where, known_fields)
        values[key] = converted((*place, key), Given(value, where), known_fields[key])
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in values:
            raise SettingsError(f"{where}: {'.'.join((*place, field.name))}: must be given")
    try:
        return kind(**values)
    except ValueError as error:
        raise SettingsError(f"{where}: {'.'.join(place)}.{error}") from error


def mapping(value: Any, where: str) -> dict[str, Any]:
    """The value, where it is a mapping."""
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: must be a mapping of settings")
    return {str(key): one for key, one in value.items()}


def known(place: Place, where: str, names: Collection[str]) -> None:
    """Refuses a key that is none of these."""
    if place[-1] not in names:
        near = get_close_matches(place[-1], names, 1)
        hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(sorted(names))}"
        raise SettingsError(f"{where}: {'.'.join(place)}: unknown setting{hint}")


def fields(kind: type[Struct]) -> dict[str, Any]:
    """Names and types of what a kind has."""
    return {field.name: field.type for field in msgspec.structs.fields(kind)}
