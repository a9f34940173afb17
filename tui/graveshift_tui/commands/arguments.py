"""What a verb takes, in words: its arguments with their types, as its schema tells them."""

from typing import Any

from graveshift.wire.operations import OperationInfo
from graveshift_tui.commands.words import Schema, resolved
from graveshift_tui.format import things
from graveshift_tui.sanitize import clean

SCOPE = "--query TEXT, --filter K=V, --id ID or --all"
TEXTS = {"date-time": "an end: 15m, 1h30m, 03:40, 2026-11-28 03:00 (UTC)"}


def verb_lines(operation: OperationInfo) -> list[str]:
    """`queue.limit: Limit queue (safe)`, what it says of its arguments, and a line for each of them."""
    root = operation.args_schema
    schema = resolved(root, root)
    refused = "" if operation.allowed else "; this token may not"
    lines = [clean(f"{operation.name}: {operation.title} ({operation.danger}{refused})", 500)]
    if said := " ".join(str(schema.get("description", "")).split()):
        lines.append(f"  {clean(said, 2000)}")
    wanted: dict[str, Schema] = schema.get("properties", {})
    needed = schema.get("required", [])
    named = {name: SCOPE if name == "selection" else f"--arg {name}=..." for name in wanted}
    width = max(map(len, named.values()), default=0)
    for name, typed in named.items():
        what = "the scope: exactly one of the four" if name == "selection" else kind(wanted[name], root)
        lines.append(clean(f"  {typed.ljust(width)}  {what}{', required' if name in needed else ''}", 2000))
    return lines if wanted else [*lines, "  takes no arguments"]


def kind(schema: Schema, root: Schema) -> str:
    """`integer from 1 to 1,000,000, or null`."""
    schema = resolved(schema, root)
    parts = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    if parts:
        return ", or ".join(kind(part, root) for part in parts)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "string":
        return TEXTS.get(schema.get("format", ""), f"text{_longest(schema)}")
    return f"{schema.get('type', 'JSON')}{_range(schema)}"


def _longest(schema: Schema) -> str:
    longest = schema.get("maxLength")
    return "" if longest is None else f" of up to {things(longest, 'character')}"


def _range(schema: Schema) -> str:
    least, most = (_number(schema.get(name)) for name in ("minimum", "maximum"))
    return (f" from {least}" if least else "") + (f" to {most}" if most else "")


def _number(value: Any) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) else ""
