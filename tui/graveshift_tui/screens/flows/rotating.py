"""A rotation: of which secret."""

from functools import partial

from graveshift.wire.secrets import SecretInfo
from graveshift_tui.screens import verbs
from graveshift_tui.screens.flows.asking import Flow


def rotate(flow: Flow) -> None:
    """Rotates the secret under the cursor, else the one chosen."""
    if isinstance(flow.subject.row, SecretInfo):
        flow.desk.order(verbs.rotate(flow.subject.row))
        return

    async def read() -> list[SecretInfo]:
        page = await flow.client.page("secrets")
        return [secret for secret in page.items if isinstance(secret, SecretInfo)]

    flow.desk.ask(read(), partial(_one_of, flow))


def _one_of(flow: Flow, secrets: list[SecretInfo]) -> None:
    from graveshift_tui.widgets.choose import Choice, Chooser

    if not secrets:
        raise verbs.NotHere("no secrets are kept here")
    options = [Choice(s.id, f"{s.name}  v{s.version} {s.state.value}", s.kind) for s in secrets]
    by_id: dict[str, SecretInfo] = {secret.id: secret for secret in secrets}
    flow.choose(
        Chooser("Rotate which secret?", options), lambda chosen: flow.desk.order(verbs.rotate(by_id[chosen[0]]))
    )
