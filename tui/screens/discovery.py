"""Finding instruments: what is connected, which driver fits, and taking it into rack and bench.toml, tried at once."""

from typing import ClassVar

from msgspec.structs import replace
from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import Adopt, CancelDiscovery, Discover, GetDiscovery
from edge_agent.local_api.views import Finding, ProfileCandidate
from tui.bench_state import Topic
from tui.formatting import one_line
from tui.heard import heard
from tui.i18n import N_, _, pick, titled
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.base import ListScreen
from tui.screens.choose import ChooseDialog
from tui.screens.confirm import ConfirmDialog
from tui.screens.form import Field, FormDialog, refilled
from tui.widgets.rows import Cell, Column, Row, Rows
from tui.widgets.said import Said
from tui.words import KINDS, called

_CANDIDATES = (Column(N_("Driver profile"), 22), Column(N_("Instrument")), Column(N_("Fits"), 6))

_NONE_YET = N_("Nothing was found yet. F5 searches.")
_NONE_FOUND = N_("Nothing was found.")
_TO_CHECK = N_(
    "Check that the instrument is on, its cable, and that its remote control is on (SCPI over LAN, or the right serial "
    "port). F6 asks one place by name, F5 searches again."
)


class DiscoveryScreen(ListScreen):
    """A search belongs to the agent: it goes on without the screen, and its findings are there when one comes back."""

    TITLE_ID = N_("Find instruments")
    KEYS = (
        Key("enter", "adopt", N_("Take in"), N_("Take the instrument under the cursor into the rack, and try it.")),
        Key("f5", "search", N_("Search"), N_("Look at USB, serial ports and the network of this bench.")),
        Key("f6", "place", N_("Ask a place"), N_("Ask one host or serial port that is named by hand.")),
        Key("f8", "cancel", N_("Stop"), N_("End the search; what was found stays.")),
        Key("escape", "back", N_("Back"), N_("Go back.")),
        *LIST_KEYS,
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[str, str] = {}
        """Address to the role that it was taken as from here."""
        self._away = False

    def body(self) -> ComposeResult:
        """Lay out how far the search is, the list, and the finding under the cursor in full."""
        yield Said(self._progress, id="facts")
        yield Rows(
            Column("", 1),
            Column(N_("Where"), 22),
            Column(N_("Instrument")),
            Column(N_("Kind"), 14, from_width=100),
            Column(N_("Rack"), 14),
            empty=_NONE_YET,
        )
        yield Said(self._detail, id="detail")

    def on_mount(self) -> None:
        """Show the last search; without one, begin."""
        self._fetch()

    @work(group="fetch", exclusive=True)
    async def _fetch(self, *, again: bool = False) -> None:
        try:
            state = await self.bench_app.link.request(GetDiscovery())
        except AgentError as error:
            self.notice.say(heard(error))
            return
        known = self.bench.discovery
        if state is not None:
            self.bench.discovery = state
        elif not again:
            self._search(Discover())
            return
        elif known is not None and known.status == "running":
            self.bench.discovery = replace(
                known,
                status="failed",
                fault=_("the agent was restarted in the middle of the search: F5 searches again"),
            )
        if self.can_draw:
            self.draw({"discovery"})

    def bench_changed(self, changed: set[Topic]) -> None:
        """Ask how the search is when the agent is back: it may be another one, which knows of none."""
        super().bench_changed(changed)
        if "connection" in changed and self.can_draw:
            away, self._away = self._away, not self.bench.connected
            if away and not self._away:
                self._fetch(again=True)

    def draw(self, changed: set[Topic]) -> None:
        """Show what was found, and how those that were taken do."""
        if not changed & {"discovery", "instruments", "connection"}:
            return
        state = self.bench.discovery
        findings = () if state is None else sorted(state.findings, key=lambda one: (-one.confidence, one.address))
        ended = state is not None and state.status == "finished"
        self.rows.show([self._row(one) for one in findings], empty=_NONE_FOUND if ended else _NONE_YET)
        for said in self.query(Said):
            said.localise()

    def on_rows_moved(self) -> None:
        """Show the next one in full."""
        self.query_one("#detail", Said).localise()

    def entered(self, text: str) -> None:
        """Enter alone takes the instrument under the cursor."""
        if text:
            self.bench_app.scan(text)
        else:
            self.action_adopt()

    @property
    def _finding(self) -> Finding | None:
        state, key = self.bench.discovery, self.rows.key
        return None if state is None else next((one for one in state.findings if one.address == key), None)

    def _role_of(self, finding: Finding) -> str | None:
        return self._taken.get(finding.address) or finding.in_use

    def _row(self, finding: Finding) -> Row:
        best = finding.candidates[0] if finding.candidates else None
        mark: Cell = ("?", "$text-warning")
        if best is not None:
            mark = ("●", "$text-success") if best.confidence >= 0.8 else ("○", "$text-accent")
        name = pick(best.title, best.profile) if best is not None else (finding.identity or pick(finding.note))
        rack: Cell = ""
        if (role := self._role_of(finding)) is not None:
            known = self.bench.instrument(role)
            healthy = known is not None and known.status.healthy
            rack = (f"{'✓' if healthy else '…'} {role}", "$text-success" if healthy else "$text-muted")
        kind = called(KINDS, best.kind) if best is not None and best.kind else ""
        return Row(finding.address, (mark, one_line(finding.place), one_line(name), kind, rack))

    def _progress(self) -> Content:
        state = self.bench.discovery
        if state is None:
            return Content("")
        match state.status:
            case "running" if not self.bench.connected:
                words = _("How the search is, is not known while the agent is away.")
                return Content.styled("? " + words, "$text-warning")
            case "running":
                cells = 24
                full = round(state.fraction * cells)
                return Content.assemble(
                    (_("Searching") + "  ", "bold $text-accent"),
                    ("█" * full, "$primary"),
                    ("░" * (cells - full), "$text-muted"),
                    (f"  {heard(state.text)}", "$text-muted"),
                )
            case "failed":
                return Content.styled("✗ " + heard(state.fault or ""), "$text-error")
            case "cancelled":
                return Content.styled(_("The search was stopped; this was found until then."), "$text-warning")
        if not state.findings:
            return Content.styled("! " + _("The search has ended; no instrument answered."), "$text-warning")
        return Content.styled(
            "✓ " + _("The search has ended. Enter takes an instrument into the rack."), "$text-success"
        )

    def _detail(self) -> Content:
        finding = self._finding
        if finding is None:
            state = self.bench.discovery
            return Content(_(_TO_CHECK) if state is not None and state.status == "finished" else "")
        lines = [Content.assemble((finding.address, "bold"), (f"  {one_line(finding.identity or '')}", ""))]
        if note := pick(finding.note):
            lines.append(Content.styled("! " + heard(note), "$text-warning"))
        if (role := self._role_of(finding)) is not None and (known := self.bench.instrument(role)) is not None:
            status = known.status
            if status.healthy:
                lines.append(
                    Content.styled("✓ " + titled(role, one_line(status.identity or _("answers"))), "$text-success")
                )
            else:
                lines.append(
                    Content.styled("… " + titled(role, heard(status.fault or _("is being tried"))), "$text-warning")
                )
        elif finding.candidates:
            best = finding.candidates[0]
            words = _("proposed: {profile} as {role}, fits {part}").format(
                profile=best.profile, role=best.role, part=f"{best.confidence:.0%}"
            )
            lines.append(Content(words))
        return Content("\n").join(lines)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Look everywhere."""
        self._search(Discover())

    @work(group="search", exclusive=True)
    async def _search(self, request: Discover) -> None:
        try:
            self.bench.discovery = await self.bench_app.link.request(request)
        except AgentError as error:
            self.notice.say(heard(error))
            return
        if self.can_draw:
            self.draw({"discovery"})

    @work(group="dialog", exclusive=True)
    async def action_place(self) -> None:
        """Ask one place."""
        fields = (
            Field("host", N_("Host"), N_("name or address, with :port if it is another")),
            Field("port", N_("Serial port"), N_("e.g. /dev/ttyUSB0")),
        )
        values = await self.bench_app.push_screen_wait(FormDialog(N_("Ask a place"), fields, N_("Ask")))
        if values is None or not any(values.values()):
            return
        hosts = (values["host"],) if values["host"] else ()
        ports = (values["port"],) if values["port"] else ()
        self._search(Discover(where=(), hosts=hosts, ports=ports))

    @work(group="cancel", exclusive=True)
    async def action_cancel(self) -> None:
        """End the search."""
        try:
            await self.bench_app.link.request(CancelDiscovery())
        except AgentError as error:
            self.notice.say(heard(error))

    @work(group="dialog", exclusive=True)
    async def action_adopt(self) -> None:
        """Take the instrument under the cursor: driver, role, and bench.toml."""
        finding = self._finding
        if finding is None:
            return
        if (role := self._role_of(finding)) is not None:
            self.notice.say(_("It is in the rack already, as {role}.").format(role=role), "info")
            return
        candidate = await self._candidate(finding)
        if candidate is None:
            return
        fields: tuple[Field, ...] = (Field("role", N_("Role in test plans"), required=True, value=candidate.role),)
        error = ""
        while True:
            about = pick(candidate.title, candidate.profile)
            dialog = FormDialog(N_("Take into the rack"), fields, N_("Take in"), about=about, error=error)
            values = await self.bench_app.push_screen_wait(dialog)
            if values is None:
                return
            role = values["role"]
            taken = self.bench.instrument(role)
            if taken is not None:
                question = N_("Replace the instrument in this role?")
                consequence = N_("bench.toml then names the new one; the old one leaves the rack.")
                if not await self.bench_app.push_screen_wait(ConfirmDialog(question, consequence, N_("Replace"))):
                    fields = refilled(fields, values)
                    continue
            try:
                adopted = await self.bench_app.link.request(
                    Adopt(role, candidate.profile, candidate.address, replace=taken is not None)
                )
            except AgentError as refused:
                fields, error = refilled(fields, values), heard(refused)
                continue
            self._taken[finding.address] = role
            words = (
                _("{role} is in {path} and is being tried.").format(role=role, path=adopted.saved)
                if adopted.saved
                else _("{role} is in the rack until the agent ends: it runs without a bench.toml.").format(role=role)
            )
            self.notice.say(words, "done")
            self.bench_app.link.ask("about")
            self.draw({"discovery"})
            return

    async def _candidate(self, finding: Finding) -> ProfileCandidate | None:
        if not finding.candidates:
            self.notice.say(pick(finding.note) or _("No driver profile fits; see the list of instruments."))
            return None
        if len(finding.candidates) == 1:
            return finding.candidates[0]
        rows = [
            Row(str(number), (one.profile, pick(one.title, one.profile), f"{one.confidence:.0%}"))
            for number, one in enumerate(finding.candidates)
        ]
        chosen = await self.bench_app.push_screen_wait(ChooseDialog(N_("Which driver fits?"), rows, _CANDIDATES))
        return None if chosen is None else finding.candidates[int(chosen)]
