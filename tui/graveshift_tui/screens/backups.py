"""Backups: only one that was restored and compared counts."""

from graveshift.wire.backups import Backup, BackupState
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node

TONES = {
    BackupState.RUNNING: "accent", BackupState.WRITTEN: "warn", BackupState.VERIFIED: "ok", BackupState.FAILED: "crit",
}  # fmt: skip


def nodes(backup: Backup, at: At) -> list[Node]:
    """All that is known of one backup."""
    return facts(
        "backup",
        ("backup", backup.id),
        ("state", backup.state.value),
        ("made", f.moment(backup.created_at)),
        ("verified", f.moment(backup.verified_at) if backup.verified_at else "not proven by a restore"),
        ("size", f.size(backup.size_bytes)),
        ("sha256", backup.sha256),
        ("lies at", backup.location),
        ("run", backup.run_id),
        ("error", backup.error),
    )


CARD = Card(
    name="backups",
    title="backups",
    columns=(
        Column("STATE", pair(Backup, lambda b, at: (b.state.value, TONES[b.state])), width=9),
        Column("MADE", pair(Backup, lambda b, at: f.moment(b.created_at)), width=20),
        Column("AGE", pair(Backup, lambda b, at: f.ago(b.created_at, at.now)), width=6, right=True),
        Column("SIZE", pair(Backup, lambda b, at: f.size(b.size_bytes)), width=9, right=True),
        Column("VERIFIED", pair(Backup, lambda b, at: f.since(b.verified_at, at.now)), width=8, right=True),
        Column("SHA-256", pair(Backup, lambda b, at: ((b.sha256 or "")[:12], "muted")), width=12, from_width=76),
        Column("LIES AT", pair(Backup, lambda b, at: (b.location or "", "muted")), from_width=100),
    ),
    id_of=solo(Backup, lambda b: b.id),
    tone=solo(Backup, lambda b: "crit" if b.state is BackupState.FAILED else "text"),
    empty="No backups: nothing could be restored. Make one now.",
    newest_first=True,
    opens=solo(Backup, lambda b: Route("backups", id=b.id, crumb=f"backup {b.id}")),
    nodes=pair(Backup, nodes),
    verbs=("backup.create",),
    hints=("runs",),
    fields=(),
)
