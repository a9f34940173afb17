"""New payloads from the command line: a whole one or a merge patch, as it is typed or from a file."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from graveshift.wire.operations import OperationInfo
from graveshift_tui.commands.terminal import Misused


def edited(payload: str | None, patch: str | None, *, override: bool) -> dict[str, object]:
    """As arguments of a verb; `@file` is read, `@-` is standard input. Raises Misused for what is no JSON object."""
    args: dict[str, object] = {}
    if payload is not None:
        args["payload"] = _text("--payload", payload)
    if patch is not None:
        args["patch"] = _object(_text("--patch", patch))
    if override:
        args["override"] = True
    return args


def check_taken(operation: OperationInfo, given: Mapping[str, object]) -> None:
    """Raises Misused where the verb knows nothing of an option."""
    known = str(operation.args_schema)
    for name in given:
        if f"'{name}'" not in known:
            raise Misused(f"--{name}: {operation.name} takes none")


def _text(option: str, given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return sys.stdin.read() if given == "@-" else Path(given[1:]).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{option} {given}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misused(f"--patch: this is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Misused('--patch: a merge patch is a JSON object, as in \'{"to": "a@b", "cc": null}\'')
    return value
