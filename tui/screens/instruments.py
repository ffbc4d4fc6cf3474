"""The rack: what is connected, how it is, and who controls it."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from edge_agent.calibration import MEASURING
from edge_agent.local_api.views import Instrument
from protocols.messages.records import InstrumentStatus
from tui.bench_state import Topic
from tui.formatting import one_line
from tui.heard import heard
from tui.i18n import N_, _, pick
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.base import BenchScreen, ListScreen
from tui.widgets.rows import Cell, Column, Row, Rows
from tui.widgets.said import Said
from tui.words import KINDS, called


class InstrumentsScreen(ListScreen):
    """One line for each instrument; Enter opens its panel."""

    TITLE_ID = N_("Instruments")
    KEYS = (
        Key("enter", "open", N_("By hand"), N_("Work by hand with the instrument under the cursor.")),
        Key("f5", "discover", N_("Find instruments"), N_("Look for what is connected, and take it into the rack.")),
        Key("escape", "back", N_("Back"), N_("Go back.")),
        *LIST_KEYS,
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def body(self) -> ComposeResult:
        """Lay out the list, and the instrument under the cursor in full."""
        yield Rows(
            Column("", 1),
            Column(N_("Role"), 10),
            Column(N_("Kind"), 15),
            Column(N_("Controlled by"), 16),
            Column(N_("Instrument")),
            Column(N_("Driver profile"), 18, from_width=120),
            empty=N_("bench.toml names no instruments: F5 looks for them."),
        )
        yield Said(self._detail, id="detail")

    def draw(self, changed: set[Topic]) -> None:
        """Show the rack as it is now."""
        if changed & {"instruments", "connection"}:
            self.rows.show([_row(one) for one in self.bench.instruments])
            self.query_one("#detail", Said).localise()

    def on_rows_moved(self) -> None:
        """Show the next one in full."""
        self.query_one("#detail", Said).localise()

    def entered(self, text: str) -> None:
        """Enter alone opens the panel of the instrument under the cursor."""
        if text:
            self.bench_app.scan(text)
        elif role := self.rows.key:
            self._open(role)

    def action_open(self) -> None:
        """Open the panel of the instrument under the cursor."""
        self.entered("")

    def action_discover(self) -> None:
        """Look for instruments."""
        from tui.screens.discovery import DiscoveryScreen

        self.app.push_screen(DiscoveryScreen())

    def _open(self, role: str) -> None:
        one = self.bench.instrument(role)
        if one is None:
            return
        panel = panel_of(one.kind or "")
        if panel is not None:
            self.app.push_screen(panel(role))
            return
        self.notice.say(
            _("{role} ({kind}) works in test plans only.").format(role=role, kind=called(KINDS, one.kind or "?")),
            "info",
        )

    def _detail(self) -> Content:
        one = self.bench.instrument(self.rows.key or "")
        if one is None:
            return Content("")
        status = one.status
        state = (
            ("✓ " + _("answers"), "$text-success")
            if status.healthy
            else ("✗ " + heard(status.fault or _("does not answer")), "$text-error")
        )
        identity = one_line(status.identity or _("identity not known"))
        return Content.assemble(state, (f"\n{identity}", ""), "\n", _calibration(one))


def panel_of(kind: str) -> "Callable[[str], BenchScreen] | None":
    """Return what makes the panel for a kind of instruments; its module is imported when it is opened."""
    if kind not in PANELS:
        return None
    module, name = PANELS[kind]
    panel: Callable[[str], BenchScreen] = getattr(import_module(f"tui.screens.{module}"), name)
    return panel


PANELS = {
    "multimeter": ("meter", "MeterScreen"),
    "supply": ("supply", "SupplyScreen"),
    "oscilloscope": ("scope", "ScopeScreen"),
    "camera": ("heat", "HeatScreen"),
    "generator": ("generator", "GeneratorScreen"),
    "console": ("console", "ConsoleScreen"),
    "programmer": ("firmware", "FirmwareScreen"),
}
"""Kind of instrument to the module and class of its panel."""


def _overdue(status: InstrumentStatus) -> bool:
    """Return whether a calibration that is recorded no longer holds today (Q7)."""
    return bool(status.calibration_due) and status.calibration_due < datetime.now(UTC).date().isoformat()


def _calibration(one: Instrument) -> tuple[str, str]:
    """Say until when the numbers of an instrument can be relied on."""
    status = one.status
    if one.kind not in MEASURING:
        return "", ""
    if not status.calibration_due:
        return _("no calibration is recorded in bench.toml"), "$text-muted"
    due = {"on": status.calibrated_on, "due": status.calibration_due}
    if _overdue(status):
        return "! " + _("calibrated on {on}, due since {due}: have it calibrated").format(**due), "$text-warning"
    return _("calibrated on {on}, holds until {due}").format(**due), "$text-muted"


def _row(one: Instrument) -> Row:
    status = one.status
    mark: Cell = ("✓", "$text-success") if status.healthy else ("✗", "bold $text-error")
    if status.healthy and one.kind in MEASURING and _overdue(status):
        mark = ("!", "bold $text-warning")
    holder: Cell = (one.holder, "$text-accent") if one.holder else ("–", "$text-muted")
    name = pick(one.title, status.profile)
    instrument: Cell = name if status.healthy else (heard(status.fault or name), "$text-error")
    return Row(status.role, (mark, status.role, called(KINDS, one.kind or "?"), holder, instrument, status.profile))
