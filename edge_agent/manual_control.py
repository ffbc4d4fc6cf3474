"""Instruments by hand: a person's lease, one thing at a time, or a reading again and again."""

import logging
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from drivers import capabilities
from drivers.errors import InstrumentError
from edge_agent.bus import EventBus
from edge_agent.local_api import manual
from edge_agent.local_api.events import Reading
from edge_agent.local_api.views import LeaseView, Quantity
from edge_agent.rack import Lease, LeaseRefused, Rack, RackError, WrongCapability
from protocols.quantity import Quantity as Measured

log = logging.getLogger(__name__)
R = TypeVar("R")
FAULT_PAUSE_S = 0.5
"""Between two attempts when the first one failed."""
E = TypeVar("E", capabilities.MeterFunction, capabilities.Wave)


class ManualControl:
    """Thread-safe. Raises the rack's and the drivers' errors, and ``ValueError`` for names that do not exist."""

    def __init__(self, rack: Rack, bus: EventBus, wait_ready: Callable[[], None] = lambda: None) -> None:
        """``wait_ready`` blocks until the agent has brought the outputs to a safe state, or raises."""
        self._rack = rack
        self._wait_ready = wait_ready
        self._bus = bus
        self._mutex = threading.Lock()
        self._leases: dict[str, Lease] = {}
        self._monitors: dict[str, threading.Event] = {}

    def acquire(self, role: str, holder: str, ttl_s: float) -> LeaseView:
        """Take control of one instrument."""
        self._wait_ready()
        lease = self._rack.acquire(role, holder, ttl_s)
        with self._mutex:
            self._leases = {token: one for token, one in self._leases.items() if one.role != role}
            self._leases[lease.token] = lease
        return LeaseView(role, holder, lease.token, ttl_s)

    def release(self, token: str) -> None:
        """Give control back and end a monitor under this lease."""
        lease = self._lease(token)
        with self._mutex:
            self._leases.pop(token, None)
            monitor = self._monitors.pop(lease.role, None)
        if monitor is not None:
            monitor.set()
        self._rack.release(lease)

    def renew(self, token: str) -> None:
        """Let a lease run its time again from now."""
        self._rack.renew(self._lease(token))

    def role_of(self, token: str) -> str:
        """Return the instrument that a lease is of."""
        return self._lease(token).role

    def call(self, token: str, function: Callable[[capabilities.Instrument], R], timeout_s: float) -> R:
        """Run a function on the worker of the leased instrument and return its result."""
        lease = self._lease(token)
        return self._rack.call(lease.role, lease, function, timeout_s)

    def operate(self, token: str, act: manual.Manual, timeout_s: float) -> tuple[Quantity, ...]:
        """Do one thing and return what it measured."""
        return self.call(token, _function_of(act, self.role_of(token)), timeout_s)

    def monitor(
        self,
        token: str,
        act: manual.ReadMeter | manual.ReadSupply,
        *,
        seconds: float,
        interval_s: float,
        timeout_s: float,
    ) -> None:
        """Read every ``interval_s`` for ``seconds`` and publish the readings, in a thread of its own."""
        role = self.role_of(token)

        def once(fault: str | None, values: tuple[Quantity, ...] | None) -> None:
            self._bus.publish(Reading(role, datetime.now(UTC), values or (), fault), key=f"reading:{role}")

        function = _function_of(act, role)
        self.repeat(token, function, once, seconds=seconds, interval_s=interval_s, timeout_s=timeout_s)

    def repeat(
        self,
        token: str,
        function: Callable[[capabilities.Instrument], R],
        once: Callable[[str | None, R | None], None],
        *,
        seconds: float,
        interval_s: float,
        timeout_s: float,
    ) -> None:
        """Run ``function`` every ``interval_s`` for ``seconds`` in a thread of its own; another one takes its place.

        It does not renew the lease: an instrument that a client left running is free when the client's lease is over.

        ``once`` gets why there is no result, or the result. It ends early when the lease is over, or by ``stop``.
        """
        lease = self._lease(token)
        self._rack.renew(lease)
        stop = threading.Event()
        with self._mutex:
            former, self._monitors[lease.role] = self._monitors.get(lease.role), stop
        if former is not None:
            former.set()

        def read() -> None:
            ends = time.monotonic() + seconds
            while not stop.is_set() and time.monotonic() < ends:
                began = time.monotonic()
                fault, result = None, None
                try:
                    result = self._rack.submit(lease.role, lease, function, timeout_s, renews=False).result()
                except LeaseRefused:
                    return
                except (RackError, InstrumentError, OSError) as error:
                    fault = str(error)
                if stop.is_set():
                    return
                try:
                    once(fault, result)
                except Exception:  # whoever listens may fail at anything: it costs one telling, never the reading
                    log.exception("what %s reads cannot be told", lease.role)
                stop.wait(max(0.0 if fault is None else FAULT_PAUSE_S, interval_s - (time.monotonic() - began)))

        threading.Thread(target=read, name=f"monitor-{lease.role}", daemon=True).start()

    def stop(self, token: str) -> None:
        """End what is read again and again under this lease; the lease stays."""
        lease = self._lease(token)
        with self._mutex:
            monitor = self._monitors.pop(lease.role, None)
        if monitor is not None:
            monitor.set()

    def close(self) -> None:
        """End all monitors."""
        with self._mutex:
            for stop in self._monitors.values():
                stop.set()

    def _lease(self, token: str) -> Lease:
        with self._mutex:
            lease = self._leases.get(token)
        if lease is None:
            raise LeaseRefused("this lease is not known: acquire the instrument first")
        return lease


def _function_of(act: manual.Manual, role: str) -> Callable[[capabilities.Instrument], tuple[Quantity, ...]]:
    """Return what the instrument's worker is to do; names are checked here, before anything is sent."""
    match act:
        case manual.Identify():
            return lambda driver: (Quantity("identity", driver.identify()),)
        case manual.ReadMeter():
            function = _member(capabilities.MeterFunction, act.function)
            return lambda driver: _read_meter(_meter(driver, role), function, act.range_value)
        case manual.ReadSupply():
            return lambda driver: _read_supply(_supply(driver, role), act.channel)
        case manual.SafeState():
            return _silent(lambda driver: driver.safe_state())
        case manual.SetSupply():
            return _silent(
                lambda driver: _supply(driver, role).configure(
                    act.channel, voltage_v=act.voltage_v, current_limit_a=act.current_limit_a
                )
            )
        case manual.SetGenerator():
            wave = _member(capabilities.Wave, act.wave)
            return _silent(
                lambda driver: _generator(driver, role).configure(
                    act.channel,
                    wave,
                    frequency_hz=act.frequency_hz,
                    amplitude_vpp=act.amplitude_vpp,
                    offset_v=act.offset_v,
                )
            )
        case manual.SwitchOutput():
            return _silent(lambda driver: _with_output(driver, role).output(act.channel, act.on))


def _silent(
    function: Callable[[capabilities.Instrument], None],
) -> Callable[[capabilities.Instrument], tuple[Quantity, ...]]:
    def run(driver: capabilities.Instrument) -> tuple[Quantity, ...]:
        function(driver)
        return ()

    return run


def _member(names: type[E], name: str) -> E:
    try:
        return names(name)
    except ValueError:
        known = ", ".join(member.value for member in names)
        raise ValueError(f"there is no {names.__name__} {name!r}: use one of {known}") from None


def _meter(driver: capabilities.Instrument, role: str) -> capabilities.Multimeter:
    if not isinstance(driver, capabilities.Multimeter):
        raise WrongCapability(f"{role} is no multimeter: choose another instrument")
    return driver


def _supply(driver: capabilities.Instrument, role: str) -> capabilities.PowerSupply:
    if not isinstance(driver, capabilities.PowerSupply):
        raise WrongCapability(f"{role} is no power supply: choose another instrument")
    return driver


def _generator(driver: capabilities.Instrument, role: str) -> capabilities.SignalGenerator:
    if not isinstance(driver, capabilities.SignalGenerator):
        raise WrongCapability(f"{role} is no signal generator: choose another instrument")
    return driver


def _with_output(driver: capabilities.Instrument, role: str) -> capabilities.PowerSupply | capabilities.SignalGenerator:
    if not isinstance(driver, capabilities.PowerSupply | capabilities.SignalGenerator):
        raise WrongCapability(f"{role} has no output to switch: choose a supply or a generator")
    return driver


def _read_meter(
    meter: capabilities.Multimeter, function: capabilities.MeterFunction, range_value: float | None
) -> tuple[Quantity, ...]:
    return (_quantity(function.value, meter.read(function, range_value).quantity),)


def _read_supply(supply: capabilities.PowerSupply, channel: int) -> tuple[Quantity, ...]:
    reading = supply.read(channel)
    return (
        _quantity("voltage", reading.voltage),
        _quantity("current", reading.current),
        Quantity("output_on", reading.output_on),
        Quantity("current_limited", reading.current_limited),
    )


def _quantity(name: str, measured: Measured) -> Quantity:
    """JSON has no NaN: a reading without a value (OL) is ``None``."""
    value = measured.value if math.isfinite(measured.value) else None
    return Quantity(name, value, measured.unit, measured.standard_uncertainty)
