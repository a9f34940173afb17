"""Secrets: how old they are and where a rotation stands; never a value."""

from graveshift.wire.secrets import SecretInfo, SecretState
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node

TONES = {
    SecretState.CURRENT: "ok",
    SecretState.ROTATING: "accent",
    SecretState.GRACE: "mark",
    SecretState.OVERDUE: "warn",
}


def nodes(secret: SecretInfo, at: At) -> list[Node]:
    """All that may be known of one secret."""
    return facts(
        "secret",
        ("secret", secret.name),
        ("kind", secret.kind),
        ("state", secret.state.value),
        ("version", str(secret.version)),
        ("age", f.age(secret.age_s)),
        ("at most", f.age(secret.max_age_s) if secret.max_age_s is not None else None),
        ("rotated", f.moment(secret.last_rotated_at)),
        ("id", secret.id),
    )


CARD = Card(
    name="secrets",
    title="secrets",
    columns=(
        Column("SECRET", pair(SecretInfo, lambda s, at: s.name)),
        Column("KIND", pair(SecretInfo, lambda s, at: (s.kind, "muted")), width=16),
        Column("STATE", pair(SecretInfo, lambda s, at: (s.state.value, TONES[s.state])), width=9),
        Column("VERSION", pair(SecretInfo, lambda s, at: str(s.version)), width=7, right=True),
        Column("AGE", pair(SecretInfo, lambda s, at: f.age(s.age_s)), width=6, right=True),
        Column("AT MOST", pair(SecretInfo, lambda s, at: f.age(s.max_age_s)), width=7, right=True),
        Column("ROTATED", pair(SecretInfo, lambda s, at: f.moment(s.last_rotated_at)), width=20, from_width=90),
    ),
    id_of=solo(SecretInfo, lambda s: s.id),
    tone=solo(SecretInfo, lambda s: "warn" if s.state is SecretState.OVERDUE else "text"),
    empty="No secrets are kept here.",
    opens=solo(SecretInfo, lambda s: Route("secrets", id=s.id, crumb=s.name)),
    nodes=pair(SecretInfo, nodes),
    verbs=("secret.rotate",),
    hints=("runs",),
    fields=(),
)
