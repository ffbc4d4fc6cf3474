"""Oscilloscopes by hand: records are taken under a lease and kept here; clients look at them in frames."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from drivers.capabilities import ChannelSetup, Coupling, Instrument, Oscilloscope, Slope, TriggerSetup
from edge_agent.bus import EventBus
from edge_agent.by_hand.good_records import GoodRecords
from edge_agent.by_hand.scope_frame import Record, frame_of
from edge_agent.local_api.events import ScopeTaken
from edge_agent.local_api.scope import Measured, ScopeFrame, ScopeSetup, ScopeView
from edge_agent.manual_control import ManualControl
from edge_agent.rack import WrongCapability
from protocols.waveform import Capture, Waveform

MEASURE_EVERY_S = 0.5
"""While it runs, the table of measurements (which reads every sample) is of a record no older than this."""


class ScopeDesk:
    """Thread-safe. Raises the rack's and the drivers' errors, and ``ValueError`` where there is no record."""

    def __init__(self, control: ManualControl, bus: EventBus, good: GoodRecords) -> None:
        self._control = control
        self._bus = bus
        self._good = good
        self._mutex = threading.Lock()
        self._records: dict[str, Record] = {}
        self._views: dict[str, ScopeView] = {}

    def capture(self, token: str, setup: ScopeSetup, view: ScopeView, timeout_s: float) -> ScopeFrame:
        """Take one record and return the frame of it."""
        role = self._control.role_of(token)
        waveforms = self._control.call(token, _taking(setup, role), timeout_s)
        with self._mutex:
            self._views[role] = view
        return self._frame(self._keep(role, setup, waveforms), view)

    def stream(
        self, token: str, setup: ScopeSetup, view: ScopeView, *, seconds: float, interval_s: float, timeout_s: float
    ) -> None:
        """Take records again and again and publish a frame of each; the view is the one last looked with."""
        role = self._control.role_of(token)
        taking = _taking(setup, role)
        with self._mutex:
            self._views[role] = view

        measured: tuple[Measured, ...] = ()
        measured_at = 0.0

        def once(fault: str | None, waveforms: tuple[Waveform, ...] | None) -> None:
            nonlocal measured, measured_at
            frame = None
            if waveforms is not None:
                view, record = self._views[role], self._keep(role, setup, waveforms)
                if view.table and time.monotonic() - measured_at < MEASURE_EVERY_S:
                    frame = self._frame(record, msgspec.structs.replace(view, table=False))
                    frame = msgspec.structs.replace(frame, measured=measured)
                else:
                    frame = self._frame(record, view)
                    measured, measured_at = frame.measured, time.monotonic()
            self._bus.publish(ScopeTaken(role, frame, fault), key=f"scope:{role}")

        self._control.repeat(token, taking, once, seconds=seconds, interval_s=interval_s, timeout_s=timeout_s)

    def look(self, role: str, view: ScopeView) -> ScopeFrame:
        """Return another frame of the newest record; frames that are streamed follow this view."""
        with self._mutex:
            self._views[role] = view
        return self._frame(self.record(role), view)

    def record(self, role: str) -> Record:
        """Return the newest record; raise ``ValueError`` without one."""
        with self._mutex:
            record = self._records.get(role)
        if record is None:
            raise ValueError(f"{role} has taken no record since the agent started: take one first")
        return record

    def keep_golden(self, role: str) -> int:
        """Keep the newest record as one of a good unit; return how many there are."""
        return self._good.keep(role, Capture(analog=self.record(role).waveforms))

    def _keep(self, role: str, setup: ScopeSetup, waveforms: tuple[Waveform, ...]) -> Record:
        with self._mutex:
            last = self._records.get(role)
            record = Record(role, 1 if last is None else last.number + 1, datetime.now(UTC), setup, waveforms)
            self._records[role] = record
        return record

    def _frame(self, record: Record, view: ScopeView) -> ScopeFrame:
        good: list[Record] = []
        if view.overlay != "none":
            kept = self._good.of(record.role)
            good = [replace(record, waveforms=one.analog) for one in kept if one.analog]
        return frame_of(record, view, good)


def _taking(setup: ScopeSetup, role: str) -> Callable[[Instrument], tuple[Waveform, ...]]:
    """Return what the scope's worker is to do; what contradicts itself is refused here."""
    numbers = [one.channel for one in setup.channels]
    if len(set(numbers)) < len(numbers):
        raise ValueError("a channel is listed twice: list each once")
    if setup.trigger.channel and setup.trigger.channel not in numbers:
        raise ValueError(f"the trigger's channel {setup.trigger.channel} is not recorded: switch it on")
    setups = [
        ChannelSetup(one.channel, one.scale_v, one.offset_v, Coupling(one.coupling), one.probe, one.bandwidth_limit)
        for one in setup.channels
    ]
    wanted = setup.trigger
    trigger = TriggerSetup(wanted.channel, wanted.level_v, Slope(wanted.slope))

    def take(driver: Instrument) -> tuple[Waveform, ...]:
        if not isinstance(driver, Oscilloscope):
            raise WrongCapability(f"{role} is no oscilloscope: choose another instrument")
        taken = driver.capture(setups, span_s=setup.span_s, trigger=trigger, points=setup.points)
        return tuple(replace(wave, name=f"ch{number}") for wave, number in zip(taken, numbers, strict=True))

    return take
