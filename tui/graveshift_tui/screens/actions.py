"""What keys do that belong to no single screen: going places, asking for help, and every verb."""

from collections.abc import Callable
from typing import Final

from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Group
from graveshift.wire.selection import Filter
from graveshift_tui.card import Route, Subject
from graveshift_tui.client import Client
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens import CARDS, PLACES, copying, exporting, gone, parting, typed, verbs
from graveshift_tui.screens.asking import ask_for_line, palette, show_help
from graveshift_tui.screens.chat import chat_line
from graveshift_tui.screens.detail import DetailScreen
from graveshift_tui.screens.driving import MODES, drive
from graveshift_tui.screens.filtering import Filtering
from graveshift_tui.screens.flows import FLOWS, UNASKED
from graveshift_tui.screens.flows.asking import Asking, Flow
from graveshift_tui.screens.gate import Gate
from graveshift_tui.screens.groups import letters_of, short
from graveshift_tui.screens.host import Host
from graveshift_tui.screens.runbooks import open_runbook
from graveshift_tui.screens.tracing import copy_trace
from graveshift_tui.screens.whereabouts import whereabouts
from graveshift_tui.settings import ConsoleError

COMMANDS: Final = (*PLACES, "by", "demo", "export", "theme", "help", "quit", "q")
VERBS: Final = (*verbs.PLAIN, *FLOWS)


class Actions:
    """One table from action to what it does."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.gate = Gate(host, VERBS)
        self._filtering = Filtering(host)
        self._drafts: dict[str, str] = {}
        self._table: dict[str, Callable[[], None]] = {
            "back": host.go_back,
            "quit": host.leave,
            "help": self._help,
            "palette": self._palette,
            "retry": self._retry,
            "copy": self._copy,
            "trace": self._trace,
            "filter": self._filtering.ask,
            "command": self._command,
            "runbook": self._runbook,
            "queue.jobs": lambda: self._of_queue("jobs"),
            "queue.letters": lambda: self._of_queue("dlq"),
            "cause.letters": self._of_cause,
            **{f"goto.{name}": self._goer(name) for name in PLACES},
        }
        self._commands: dict[str, Callable[[str], None]] = {
            **{name: self._goer(name) for name in PLACES},
            **dict.fromkeys(("q", "quit"), lambda rest: host.leave()),
            "help": lambda rest: self._help(),
            "theme": host.use_theme,
            "demo": self._demo,
            "export": self._export,
            "by": self._by,
        }

    def perform(self, action: str) -> None:
        """Does an action; what cannot be done here is said, never silent."""
        if action in VERBS:
            self._verb(action)
        elif action in self._table:
            self._table[action]()

    def why_not(self, action: str) -> str | None:
        """Why a verb may not be done by this token or this console; None where it may."""
        if action not in VERBS:
            return None
        if self._host.settings.read_only:
            return "this console was started read-only"
        name = verbs.operation_of(action)
        known = self._host.operations
        if name and known and not (name in known and known[name].allowed):
            role = self._host.pulse.overview.role if self._host.pulse.overview else "token"
            return f"your role ({role}) may not do {name}" if name in known else f"this backend has no {name}"
        return None

    def typed(self, sign: str, text: str) -> None:
        """A line was typed after `/` or `:`."""
        try:
            self._apply_filter(text) if sign == "/" else self._obey(text)
        except ConsoleError as error:
            self._host.tell(str(error), "error")

    def _verb(self, action: str) -> None:
        title, screen = self._host.keymap.title(action), self._host.here()
        if why := self.why_not(action):
            self._refused(action, f"{title}: {why}")
            return
        if screen is None or self._host.client is None:
            self._refused(action, "not connected yet; nothing was done")
            return
        if self.gate.is_opening and action != "run.stop":
            self.gate.say_busy()
            return
        if self._is_gone(screen, action):
            self.gate.call_off(action)
            return
        try:
            self._start(action, screen.subject(), self._host.client)
        except verbs.NotHere as reason:
            self._refused(action, str(reason) or str(verbs.NotHere.__doc__))

    def _refused(self, action: str, why: str) -> None:
        """Said, and what was typed ahead for its question acts on nothing else."""
        self.gate.call_off(action)
        self._host.tell(why, "warning")

    def _is_gone(self, screen: ConsoleScreen, action: str) -> bool:
        """True, and said, where the row or thing that the key would act on is gone."""
        if why := gone.why_not(screen, action):
            self._host.tell(f"{self._host.keymap.title(action)}: {why}", "warning", "gone")
        return why is not None

    def _start(self, action: str, subject: Subject, client: Client) -> None:
        if action in verbs.PLAIN:
            self._host.order(verbs.PLAIN[action](subject))
            return
        desk = Asking(self._host, self.gate.opening, self._host.keymap.title(action), asks=action not in UNASKED)
        screen = self._host.here()
        show = screen.reveal if isinstance(screen, DetailScreen) else lambda thing: None
        seen, lay = self._host.pulse.overview, self._host.app.push_screen
        FLOWS[action](Flow(desk, self.gate.choose, client, seen, subject, show, lay, self._drafts))

    def _help(self) -> None:
        if (screen := self._host.here()) is not None:
            show_help(self._host.app, self._host.keymap, self.why_not, whereabouts(screen, self._host.keymap))

    def _palette(self) -> None:
        host, screen = self._host, self._host.here()
        if screen is None:
            return

        def then(taken: tuple[str, str]) -> None:
            chosen = taken[0]
            if not chosen.startswith(":"):
                screen.perform(chosen)
            elif chosen.endswith(" "):
                self._command(chosen[1:])
            else:
                self.typed(":", chosen[1:])

        demo = host.settings.downstream is not None
        self.gate.choose(palette(host.keymap, screen.places, self.why_not, demo=demo), then)

    def _goer(self, name: str) -> Callable[..., None]:
        return lambda *rest: self._host.go_home(Route(name))

    def _runbook(self) -> None:
        screen = self._host.here()
        open_runbook(self._host, screen.subject().row if screen is not None else None)

    def _of_queue(self, card: str) -> None:
        screen = self._host.here()
        given = verbs.queue_of(screen.subject()) if screen is not None else None
        if given is None:
            self._host.tell("no queue is under the cursor", "warning")
        else:
            self._host.go(Route(card, given, crumb=f"{given.queue} {CARDS[card].title}"))

    def _of_cause(self) -> None:
        screen = self._host.here()
        row = screen.subject().row if screen is not None else None
        if isinstance(row, Letter):
            given = Filter(system=row.system, queue=row.queue, kind=row.kind, fingerprint=row.fingerprint)
            self._host.go(Route("dlq", given, crumb=short(row.error_type)))
        elif isinstance(row, Group):
            self._host.go(letters_of(row))
        else:
            self._host.tell("no letter or cause is under the cursor", "warning")

    def _export(self, file: str) -> None:
        screen, client = self._host.here(), self._host.client
        if screen is None or client is None:
            self._host.tell("not connected yet; nothing was exported", "warning")
            return
        path, params = exporting.plan_of(screen.subject(), file)
        self._host.tell(f"exporting to {path}")
        self._host.look(exporting.exported(client, path, params), self._host.tell)

    def _by(self, field: str) -> None:
        screen, client = self._host.here(), self._host.client
        if screen is None or client is None:
            self._host.tell("not connected yet", "warning")
            return
        self._host.look(parting.parted(client, parting.cause_of(screen.subject(), field), field), self._host.tell)

    def _retry(self) -> None:
        if self._host.feed is not None:
            self._host.feed.retry_now()

    def _copy(self) -> None:
        screen, seen = self._host.here(), self._host.pulse.overview
        if screen is not None and seen is not None and not self._is_gone(screen, "copy"):
            copying.copy(self._host, chat_line(screen.subject(), seen))

    def _trace(self) -> None:
        if (screen := self._host.here()) is not None and not self._is_gone(screen, "trace"):
            copy_trace(self._host, screen.subject())

    def _command(self, begun: str = "") -> None:
        words = [*COMMANDS, *(f"demo {mode}" for mode in MODES)]
        takes = self._readable(lambda text: typed.command_of(text, COMMANDS))
        ask_for_line(
            self._host.app, ":", begun, words, "dlq, groups, by FIELD, export FILE, theme NAME, q ...", takes=takes
        )

    def _readable(self, read: Callable[[str], object]) -> Callable[[str], bool]:
        """False, and said why, for what cannot be read."""

        def takes(text: str) -> bool:
            try:
                read(text)
            except ConsoleError as error:
                self._host.tell(str(error), "error", "typed")
                return False
            return True

        return takes

    def _apply_filter(self, text: str) -> None:
        screen = self._host.here()
        if isinstance(screen, DetailScreen):
            screen.find(text)
            return
        self._filtering.hold(text)

    def _obey(self, text: str) -> None:
        command = typed.command_of(text, COMMANDS)
        self._commands[command.word](command.rest)

    def _demo(self, word: str) -> None:
        told, said = drive(word, self._host.settings.downstream)
        self._host.look(told, lambda status: self._host.tell(*said(status)))
