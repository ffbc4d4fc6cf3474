"""What is known of the bench at this moment: filled by answers, kept up to date by events. No I/O, no screen."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from msgspec.structs import replace

from edge_agent.local_api import events, views
from edge_agent.local_api.firmware import FirmwareJob
from protocols.serial_numbers import serial_form
from tui import run_state
from tui.i18n import pick

Topic = Literal[
    "connection", "link", "spool", "worklist", "instruments", "run", "progress", "readings", "firmware", "discovery"
]
TOPICS: tuple[Topic, ...] = get_args(Topic)
Question = Literal["about", "worklist", "run"]
READINGS_KEPT = 600
CONSOLE_KEPT = 2000
"""Pieces of console output that no screen has taken in yet."""


class BenchState:
    """Everything the screens draw. ``fault`` says in words why there is no connection to the agent."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unanswered_since: float | None = None
        self.connected = False
        self.fault: str | None = None
        self.about: views.Description | None = None
        self.link: views.Link | None = None
        self.spool: views.SpoolDepth | None = None
        self.instruments: tuple[views.Instrument, ...] = ()
        self.worklist: views.Worklist | None = None
        self.run: views.RunState | None = None
        self.readings: dict[str, deque[events.Reading]] = {}
        self.readings_seen: Counter[str] = Counter()
        """How many readings of each role there have been, those no longer kept included."""
        self.scopes: dict[str, events.ScopeTaken] = {}
        self.heat: dict[str, events.HeatTaken] = {}
        self.consoles: dict[str, deque[events.ConsoleSaid]] = {}
        """What the consoles said; the screen that shows one takes its pieces out."""
        self.firmware: dict[str, FirmwareJob] = {}
        self.discovery: views.DiscoveryState | None = None

    def described(self, about: views.Description) -> set[Topic]:
        """Take in the bench at a glance."""
        self._note_link(about.link)
        self._note_receipts(about.spool)
        self.about, self.link, self.spool, self.instruments = about, about.link, about.spool, about.instruments
        self.connected, self.fault = True, None
        return {"connection", "link", "spool", "instruments"}

    def lost(self, fault: str) -> set[Topic]:
        """There is no connection; what was known stays on the screen, marked as old."""
        self.connected, self.fault = False, fault
        return {"connection"}

    def apply(self, happened: Iterable[events.AnyEvent]) -> tuple[set[Topic], set[Question]]:
        """Take in events; return what changed, and what has to be asked because events alone do not tell it."""
        changed: set[Topic] = set()
        questions: set[Question] = set()
        for event in happened:
            match event:
                case events.LinkChanged():
                    changed |= {"link"} if event.link != self.link else set()
                    self._note_link(event.link)
                    self.link = event.link
                case events.SpoolChanged():
                    changed |= {"spool"} if event.spool != self.spool else set()
                    self._note_receipts(event.spool)
                    self.spool = event.spool
                    if self._awaits_receipts():
                        questions.add("worklist")
                case events.InstrumentsChanged():
                    self.instruments = event.instruments
                    changed.add("instruments")
                case events.WorklistChanged():
                    questions.add("worklist")
                case events.Reading():
                    self.readings.setdefault(event.role, deque(maxlen=READINGS_KEPT)).append(event)
                    self.readings_seen[event.role] += 1
                    changed.add("readings")
                case events.ScopeTaken():
                    self.scopes[event.role] = event
                    changed.add("readings")
                case events.HeatTaken():
                    self.heat[event.role] = event
                    changed.add("readings")
                case events.ConsoleSaid():
                    self.consoles.setdefault(event.role, deque(maxlen=CONSOLE_KEPT)).append(event)
                    changed.add("readings")
                case events.FirmwareChanged():
                    self.firmware[event.job.role] = event.job
                    changed.add("firmware")
                case events.InstrumentFound() | events.DiscoveryProgressed() | events.DiscoveryEnded():
                    self._apply_to_discovery(event)
                    changed.add("discovery")
                case _:
                    self._apply_to_run(event, changed, questions)
        return changed, questions

    def ticket(self, name: str) -> views.TicketView | None:
        """Return a ticket of the worklist by its number."""
        tickets = () if self.worklist is None else self.worklist.tickets
        return next((ticket for ticket in tickets if ticket.item.ticket == name), None)

    def handed_over(self, name: str) -> views.TicketView | None:
        """Return a ticket that was handed over here and has left the worklist, by its number."""
        tickets = () if self.worklist is None else self.worklist.handed_over
        return next((ticket for ticket in tickets if ticket.item.ticket == name), None)

    def scanned(self, code: str) -> tuple[views.TicketView, ...]:
        """Return the tickets that a scanned or typed code means: a ticket's number, a serial, or a link to one.

        Those that were handed over here count where the worklist has none.
        """
        wanted = {serial_form(code), serial_form(code.strip().rstrip("/").rpartition("/")[2])}

        def meant(tickets: Iterable[views.TicketView]) -> tuple[views.TicketView, ...]:
            return tuple(
                one for one in tickets if wanted & {serial_form(one.item.ticket), serial_form(one.item.device.serial)}
            )

        known = self.worklist
        return () if known is None else meant(known.tickets) or meant(known.handed_over)

    def cause(self, code: str) -> str:
        """Return a root cause by its name in the fault taxonomy; a code that is not in it as it is."""
        faults = () if self.worklist is None else self.worklist.faults
        return next((pick(one.title, code) for one in faults if one.code == code), code)

    def instrument(self, role: str) -> views.Instrument | None:
        """Return an instrument by its role."""
        return next((one for one in self.instruments if one.status.role == role), None)

    @property
    def unanswered_s(self) -> float:
        """How long records have been waiting without a single receipt: a broker alone makes a bench online."""
        return 0.0 if self._unanswered_since is None else self._clock() - self._unanswered_since

    def _note_link(self, link: views.Link) -> None:
        """Begin to count when the line is there: what has waited until then is not the hub's silence."""
        if link.online and (self.link is None or not self.link.online):
            self._unanswered_since = None

    def _note_receipts(self, spool: views.SpoolDepth) -> None:
        """Begin to count anew with every receipt; as many records may have come as were answered for."""
        receipted = self.spool is not None and spool.settled != self.spool.settled
        if not spool.waiting:
            self._unanswered_since = None
        elif receipted or self._unanswered_since is None:
            self._unanswered_since = self._clock()

    def _awaits_receipts(self) -> bool:
        tickets = () if self.worklist is None else self.worklist.tickets
        return any(event.state == "waiting" for ticket in tickets for event in ticket.events)

    def _apply_to_discovery(
        self, event: events.InstrumentFound | events.DiscoveryProgressed | events.DiscoveryEnded
    ) -> None:
        if isinstance(event, events.DiscoveryEnded):
            self.discovery = event.state
            return
        known = self.discovery
        if known is None or known.id != event.search:
            known = views.DiscoveryState(event.search, "running")
        if isinstance(event, events.InstrumentFound):
            others = tuple(one for one in known.findings if one.address != event.finding.address)
            self.discovery = replace(known, findings=(*others, event.finding))
        else:
            self.discovery = replace(known, fraction=event.fraction, text=event.text)

    def _apply_to_run(self, event: events.AnyEvent, changed: set[Topic], questions: set[Question]) -> None:
        if isinstance(event, events.RunEnded | events.RunBegan):
            questions |= {"run", "about"}
            return
        after = run_state.after(self.run, event)
        if after is None:
            questions.add("run")
        elif after is not self.run:
            self.run = after
            changed.add("progress" if isinstance(event, events.StepProgressed) else "run")
