"""A serial console by hand: what the device says, searched and logged; what is typed goes to the device."""

import contextlib
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import GetConsoleTail, ListenConsole, Request, SendConsole
from edge_agent.local_api.views import Done
from tui.bench_state import Topic
from tui.heard import heard
from tui.i18n import N_, _, ngettext
from tui.keys import Key, bindings
from tui.screens.by_hand import MONITOR_S, ByHandScreen, named
from tui.screens.choose import ChooseDialog
from tui.screens.form import Field, FormDialog
from tui.widgets.entry import Entry
from tui.widgets.log_view import LogView
from tui.widgets.rows import Row
from tui.widgets.said import Said

_ENDINGS = {"\r\n": "CR LF", "\n": "LF", "\r": "CR", "": N_("nothing")}


class ConsoleScreen(ByHandScreen):
    """Begins with what the log has; everything heard is in the log before it is on the screen."""

    TITLE_ID = N_("Serial console by hand")
    KEYS = (
        Key("f5", "find", N_("Find"), N_("Search the log, the newest place first.")),
        Key("f6", "find_next", N_("Next"), N_("Go to the next place above.")),
        Key("f7", "follow", N_("To the end"), N_("Show the end of the log, and what comes.")),
        Key("f8", "ending", N_("Line ending"), N_("Choose what ends a line that is sent.")),
        Key("f12", "where", N_("Log file"), N_("Say where the log is kept.")),
        Key("enter", "send", N_("Send"), N_("Send what was typed to the device."), in_bar=False),
        Key("up", "scroll_log(1)", N_("Up"), N_("One line up."), in_bar=False),
        Key("down", "scroll_log(-1)", N_("Down"), N_("One line down."), in_bar=False),
        Key("pageup", "scroll_log(10)", N_("Page up"), N_("Ten lines up."), in_bar=False),
        Key("pagedown", "scroll_log(-10)", N_("Page down"), N_("Ten lines down."), in_bar=False),
        Key("escape", "back", N_("Back"), N_("Give control back and leave; the log is kept.")),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self._ending = "\r\n"
        self._needle = ""
        self._fault = ""
        self._path = ""

    def body(self) -> ComposeResult:
        """Lay out name and log."""
        yield Said(self._head, id="facts")
        yield LogView(empty=N_("The device has said nothing yet: is it switched on?"), id="log")

    def on_mount(self) -> None:
        """Begin with what is logged already."""
        self.query_one(Entry).hint(N_("Type a line for the device, then ⏎"))
        self._fetch()

    @work(group="tail", exclusive=True)
    async def _fetch(self) -> None:
        with contextlib.suppress(AgentError):  # a log that cannot be read now: what is heard from now on is shown
            tail = await self.bench_app.link.request(GetConsoleTail(self.role))
            if not self.can_draw:
                return
            self.bench.consoles.pop(self.role, None)
            self._path = tail.path
            self.query_one(LogView).clear()
            self.query_one(LogView).add(tail.text)

    def watching(self, token: str) -> Request[Done] | None:
        """Listen as long as the panel is open."""
        return ListenConsole(token, MONITOR_S)

    def bench_changed(self, changed: set[Topic]) -> None:
        """Fetch what was said while the agent was away."""
        if "connection" in changed and self.can_draw and self.bench.connected and self.lease is None:
            self._fetch()
        super().bench_changed(changed)

    def draw(self, changed: set[Topic]) -> None:
        """Take in what was said."""
        if "readings" in changed and (said := self.bench.consoles.get(self.role)):
            while said:
                piece = said.popleft()
                self._fault = piece.fault or ""
                if piece.text:
                    self.query_one(LogView).add(piece.text)
        if changed & {"readings", "instruments", "connection"}:
            self.query_one("#facts", Said).localise()

    def _head(self) -> Content:
        head = named(self.bench, self.role)
        if self.lease is None:
            head = head + Content.styled("  " + _("not under your control"), "$text-warning")
        with contextlib.suppress(LookupError):
            if not self.query_one(LogView).follows:
                head = head + Content.styled("  " + _("looking back: F7 to the end"), "bold $text-warning")
        if self._fault:
            head = head + Content.styled("\n✗ " + heard(self._fault), "$text-error")
        return head

    def entered(self, text: str) -> None:
        """Send it to the device; a line that is a ticket or a serial of this bench, and nothing else, opens it."""
        if self.bench.scanned(text):
            self.bench_app.scan(text)
        else:
            self._send(text)

    def action_send(self) -> None:
        """Enter outside the entry line is Enter alone."""
        self.entered("")

    @work(group="send")
    async def _send(self, text: str) -> None:
        log = self.query_one(LogView)
        if self.lease is None:
            self._give_back_words(text, _("{role} is not under your control.").format(role=self.role))
            return
        try:
            request = SendConsole(self.lease.token, text, self._ending)  # type: ignore[arg-type]
            await self.bench_app.link.request(request)
        except AgentError as error:
            self._give_back_words(text, _("Not sent: {reason}").format(reason=heard(error)))
        else:
            log.add(f"\n>>> {text}\n")

    def _give_back_words(self, text: str, reason: str) -> None:
        entry = self.query_one(Entry)
        if not entry.value:
            entry.value = text
        self.notice.say(reason)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_scroll_log(self, lines: int) -> None:
        """Look further up or down."""
        self.query_one(LogView).scroll(lines)
        self.query_one("#facts", Said).localise()

    def action_follow(self) -> None:
        """Go to the end."""
        self.query_one(LogView).follow()
        self.query_one("#facts", Said).localise()

    @work(group="dialog", exclusive=True)
    async def action_find(self) -> None:
        """Ask what to search for, and search."""
        fields = (Field("text", N_("Text"), required=True, value=self._needle),)
        values = await self.bench_app.push_screen_wait(FormDialog(N_("Search the log"), fields, N_("Search")))
        if values is not None:
            self._needle = values["text"]
            self._search(further_up=False)

    def action_find_next(self) -> None:
        """Go to the next place above."""
        if self._needle:
            self._search(further_up=True)
        else:
            self.notice.say(_("Nothing is searched for yet: F5."), "info")

    def _search(self, *, further_up: bool) -> None:
        count = self.query_one(LogView).find(self._needle, further_up=further_up)
        if count is None:
            self.notice.say(_("“{text}” is not in the log.").format(text=self._needle), "info")
        else:
            words = ngettext("{count} line has it.", "{count} lines have it.", count)
            self.notice.say(words.format(count=count), "info")
        self.query_one("#facts", Said).localise()

    @work(group="dialog", exclusive=True)
    async def action_ending(self) -> None:
        """Choose the line ending."""
        names = {repr(ending): ending for ending in _ENDINGS}
        rows = [Row(name, (_(_ENDINGS[ending]),)) for name, ending in names.items()]
        dialog = ChooseDialog(N_("What ends a line?"), rows, at=repr(self._ending))
        if (chosen := await self.bench_app.push_screen_wait(dialog)) is not None:
            self._ending = names[chosen]

    @work(group="where", exclusive=True)
    async def action_where(self) -> None:
        """Say where the log is."""
        try:
            tail = await self.bench_app.link.request(GetConsoleTail(self.role))
        except AgentError as error:
            self.notice.say(heard(error))
            return
        words = _("The log of today: {path}").format(path=tail.path) if tail.path else _("Nothing was said yet.")
        self.notice.say(words, "info")
