"""Where traces are looked at: a link for each trace id, made of one template."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from msgspec import Struct

PLACE = "{trace_id}"
TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""As the W3C says it: version, trace, parent, flags. Producers enqueue that header as it came."""
LOOKS = f"must be an http or https URL with {PLACE} once, behind its host"


class TracingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`url_template` has `{trace_id}` once; null: traces are nowhere to be seen. Raises ValueError, key first."""

    url_template: str | None = None

    def __post_init__(self) -> None:
        """Refuses what would be no link."""
        if self.url_template is not None and not _is_template(self.url_template):
            raise ValueError(f"url_template: {LOOKS}")

    def link(self, trace_id: str | None) -> str | None:
        """Where this trace is; None where there is no template or no trace. An id cannot leave its place in the URL."""
        if self.url_template is None or not trace_id:
            return None
        parent = TRACEPARENT.fullmatch(trace_id)
        return self.url_template.replace(PLACE, quote(parent[1] if parent else trace_id, safe="", errors="replace"))


def _is_template(text: str) -> bool:
    if text.count(PLACE) != 1 or not (text.isascii() and text.isprintable()) or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    rest = text.replace(PLACE, "")
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not {*"{}"} & {*rest, *parts.netloc}
