"""Which fields of a resource its table shows, in order; ids come first and whole, the longest text comes last."""

from typing import Final

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "queues": (
        *("id", "waiting", "retrying", "scheduled", "running", "held", "dead", "oldest_age_s"),
        *("in_per_s", "out_per_s", "dead_per_min", "workers", "paused", "draining", "held_until"),
        *("paused_by", "paused_at", "paused_until", "draining_by", "draining_at"),
        *("limit", "paused_reason", "draining_reason"),
    ),
    "jobs": ("id", "queue", "kind", "state", "priority", "attempt", "max_attempts", "run_at", "held_until", "worker"),
    "dlq": ("id", "queue", "kind", "died_at", "attempts", "requeue_count", "error_type", "error_message"),
    "trash": ("id", "queue", "kind", "discarded_at", "discarded_by", "died_at", "error_type", "error_message"),
    "groups": (
        *("id", "queue", "kind", "dead", "retrying", "per_min", "share", "again", "died_again"),
        *("first_seen", "last_seen", "first_version", "claim", "may_have_arrived", "split", "error_type", "message"),
    ),
    "workers": ("id", "state", "wish", "host", "pid", "version", "running", "heartbeat_age_s", "queues"),
    "runs": (
        *("id", "operation", "state", "total", "moved", "conflict", "gone", "failed"),
        *("rate", "actor", "started_at", "became", "reason", "error"),
    ),
    "items": ("id", "outcome", "fate", "job_id", "detail"),
    "backups": ("id", "state", "created_at", "verified_at", "size_bytes", "run_id", "location"),
    "secrets": ("id", "name", "kind", "state", "version", "age_s", "max_age_s", "last_rotated_at"),
    "schedules": ("id", "queue", "kind", "cron", "timezone", "enabled", "paused", "next_at", "last_slot", "last_job"),
    "marks": ("id", "at", "kind", "version", "actor", "source", "title", "link", "note"),
    "filters": ("name", "query", "saved_by", "saved_at"),
    "runbooks": ("id", "title"),
    "audit": ("seq", "at", "actor", "operation", "outcome", "run_id", "total", "source", "reason"),
    "operations": ("name", "danger", "allowed", "title"),
}
