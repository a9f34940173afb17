"""Names and values, one under the other; what cannot be said is left out."""

from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.tree import Node


def facts(path: str, *pairs: tuple[str, str | None]) -> list[Node]:
    """A node for each pair that has a value."""
    width = max(len(name) for name, _ in pairs) + 2
    return [
        Node(f"{path}/{name}", ((name.ljust(width), "muted"), (clean(value, 1000), "text")))
        for name, value in pairs
        if value
    ]
