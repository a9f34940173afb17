"""What a reading of a page comes to: the page, or why it did not come."""

from msgspec import Struct
from textual.message import Message

from graveshift.wire.page import Page
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.chain import Fetch


class Loaded(Message):
    """A page came."""

    def __init__(self, fetch: Fetch, page: Page[Struct]) -> None:
        super().__init__()
        self.fetch = fetch
        self.page = page


class Failed(Message):
    """A page did not come."""

    def __init__(self, error: ConsoleError) -> None:
        super().__init__()
        self.error = error
