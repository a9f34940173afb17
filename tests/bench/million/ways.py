"""Every way to look at a million letters that matters, and what each of them costs at the very least."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.bench.million.causes import CAUSES, COMMON_WORD, RARE_WORD, USERS, VERSIONS

BARE = """
SELECT d.*, left(t.error_message, 2000) FROM graveshift.dead d LEFT JOIN graveshift.dead_text t USING (died_at, id)
WHERE {where} ORDER BY d.died_at DESC, d.id DESC LIMIT 101
"""
FOUND = """
WITH found AS MATERIALIZED (SELECT died_at, id FROM graveshift.dead_text WHERE {where} LIMIT 10001)
SELECT d.*, left(t.error_message, 2000) FROM found JOIN graveshift.dead d USING (died_at, id)
LEFT JOIN graveshift.dead_text t USING (died_at, id) ORDER BY d.died_at DESC, d.id DESC LIMIT 101
"""
SAYS = "search @@ plainto_tsquery('simple', '{}')"
CARRIES = "document @> '{}'"


@dataclass(frozen=True)
class Way:
    """Pages of one filter: each of `queries` begins anew and is followed for a few pages.

    `bare` is a statement that reads the like straight from the tables, by the best index there is.
    """

    name: str
    bare: str
    queries: Sequence[Mapping[str, str]] = field(default_factory=list)


def ways() -> list[Way]:
    """The filters of this run; times are of now."""
    ago = [(datetime.now(UTC) - timedelta(minutes=m)).isoformat() for m in (20, 90, 400, 2000)]
    queues = sorted({cause.queue for cause in CAUSES})
    return [
        Way("no filter", BARE.format(where="true"), [{}]),
        Way("queue", BARE.format(where="d.queue = 'mail'"), [{"queue": queue} for queue in queues]),
        Way("kind", BARE.format(where="d.kind = 'render'"), [{"kind": kind} for kind in ("send", "render", "index")]),
        Way("group", BARE.format(where=f"d.fingerprint = '{CAUSES[-1].fingerprint}'"),
            [{"queue": c.queue, "kind": c.kind, "fingerprint": c.fingerprint} for c in CAUSES]),
        Way("error type", BARE.format(where="d.error_type = 'OSError'"),
            [{"error_type": c.error_type} for c in (*CAUSES[:3], *CAUSES[-3:])]),
        Way("a rare word", FOUND.format(where=SAYS.format(RARE_WORD)), [{"text": RARE_WORD}]),
        Way("a common word", BARE.format(where=SAYS.format(COMMON_WORD)), [{"text": COMMON_WORD}]),
        Way("words of a small cause", FOUND.format(where=SAYS.format("no space left on device sheet 42")),
            [{"text": f"no space left on device sheet {n}"} for n in range(1, 60, 9)]),
        Way("a common word in a queue", BARE.format(where="d.queue = 'reports' AND " + SAYS.format(COMMON_WORD)),
            [{"queue": queue, "text": COMMON_WORD} for queue in ("webhooks", "reports")]),
        Way("a word that is nowhere", FOUND.format(where=SAYS.format("absent")), [{"text": "absent"}]),
        Way("an error type that is nowhere", BARE.format(where="d.queue = 'absent'"), [{"error_type": "Absent"}]),
        Way("a phrase", FOUND.format(where=SAYS.format("no space left on device")), [{"q": '"space left"'}]),
        Way("a rare payload", FOUND.format(where=CARRIES.format('{"user": 4242}')),
            [{"q": f"payload.user={n}"} for n in range(42, USERS, USERS // 9)]),
        Way("a common payload", BARE.format(where=CARRIES.format('{"region": "eu"}')),
            [{"q": f"payload.region={name}"} for name in ("eu", "us", "ap")]),
        Way("a payload that is nowhere", FOUND.format(where=CARRIES.format('{"region": "no"}')),
            [{"q": "payload.region=no"}]),
        Way("version", BARE.format(where="d.worker_version = 'v139'"), [{"q": f"version:{name}"} for name in VERSIONS]),
        Way("attempts", BARE.format(where="d.attempt > 4"), [{"q": "attempts:>4"}, {"q": "attempts:<4"}]),
        Way("attempts that none had", BARE.format(where="d.queue = 'absent'"), [{"q": "attempts:>50"}]),
        Way("a wildcard", BARE.format(where="d.error_type LIKE '%Timeout'"), [{"q": "error:*Timeout"}]),
        Way("all but a queue", BARE.format(where="d.queue <> 'webhooks'"), [{"q": f"-queue:{q}"} for q in queues]),
        Way("all but a word", BARE.format(where="d.queue <> 'webhooks'"), [{"q": f"-{COMMON_WORD}"}]),
        Way("two that do not meet", BARE.format(where="d.queue = 'absent'"),
            [{"q": "queue:webhooks error:KeyError"}, {"q": "queue:webhooks version:v1"}]),
        Way("the last minutes", BARE.format(where="d.died_at > now() - interval '20 minutes'"),
            [{"died_after": at} for at in ago]),
        Way("before a time", BARE.format(where="d.died_at < now() - interval '90 minutes'"),
            [{"died_before": at} for at in ago]),
        Way("a queue in a window", BARE.format(where="d.queue = 'parse' AND d.died_at < now() - interval '90 minutes'"),
            [{"queue": queue, "died_after": ago[3], "died_before": ago[1]} for queue in queues]),
    ]  # fmt: skip
