"""One place in the rack: an instrument, the one thread that owns its driver, and its health."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from drivers.capabilities import Instrument
from drivers.errors import (
    BadResponse,
    Cancelled,
    ConnectionLost,
    InstrumentError,
    InstrumentRefused,
    NoResponse,
    WrongIdentity,
)
from drivers.guard import Guard
from edge_agent.bench_config import InstrumentConfig
from edge_agent.rack.call import PendingCall, says
from edge_agent.rack.errors import InstrumentUnavailable
from protocols.messages.records import InstrumentStatus

log = logging.getLogger(__name__)
_LOST = (ConnectionLost, NoResponse, BadResponse, WrongIdentity, OSError)
"""After these the connection is opened anew and the identity asked before anything else."""


class Opener(Protocol):
    """``drivers.registry.open_instrument``: open the port, check the identity, return the driver."""

    def __call__(self, profile: str, address: str, guard: Guard | None = None, **options: Any) -> Instrument:
        """Return the driver; raise ``drivers.errors.InstrumentError`` in words."""
        ...


class Timing:
    """How patient a slot is, in seconds."""

    def __init__(
        self,
        *,
        open_s: float = 10.0,
        quiet_s: float = 2.0,
        backoff_s: tuple[float, float] = (0.25, 5.0),
        recheck_s: float = 30.0,
    ) -> None:
        self.open_s = open_s
        """For opening the port and asking the identity."""
        self.quiet_s = quiet_s
        """For a stopped call to come back, before its connection is closed and its worker replaced."""
        self.backoff_s = backoff_s
        """First and longest pause between attempts to reconnect."""
        self.recheck_s = recheck_s
        """Idle time after which the identity is asked again before the next call."""


class Slot:
    """Runs calls one after another on a worker thread, and reconnects by itself.

    Only the worker touches the driver, except to close it. Each worker belongs to a generation: one that does
    not come back after a stopped call is left behind with a shut guard and a closed port, and its successor opens anew.
    An instrument ``on_demand`` is open during calls only, because opening it disturbs the device under repair (a
    programmer resets it): it counts as healthy until a call finds otherwise, and is not tried in the background.
    """

    def __init__(
        self,
        role: str,
        config: InstrumentConfig,
        opener: Opener,
        on_change: Callable[[InstrumentStatus], None],
        timing: Timing,
        *,
        on_demand: bool = False,
    ) -> None:
        self.role = role
        self.on_demand = on_demand
        self.config = config
        self._opener = opener
        self._on_change = on_change
        self._timing = timing
        self._condition = threading.Condition()
        self._queue: deque[PendingCall[Any]] = deque()
        self._generation = 0
        self._closing = False
        self._left_behind = False
        self._driver: Instrument | None = None
        self._opening: Guard | None = None
        self._current: PendingCall[Any] | None = None
        self._retry_at = 0.0
        self._pause_s = timing.backoff_s[0]
        calibration = config.calibration
        self._calibrated = ("", "") if calibration is None else (str(calibration.on), str(calibration.until))
        self._status = InstrumentStatus(
            role,
            config.profile,
            healthy=on_demand,
            fault=None if on_demand else "not connected yet",
            calibrated_on=self._calibrated[0],
            calibration_due=self._calibrated[1],
        )
        self._thread = self._start()

    @property
    def status(self) -> InstrumentStatus:
        """The instrument as last seen."""
        return self._status

    def submit(self, call: PendingCall[Any]) -> None:
        """Queue a call for the worker."""
        call.on_stopped = lambda quiet: self._watch(call, quiet)
        with self._condition:
            if self._closing:
                call.fail(InstrumentUnavailable(f"{self.role} is closed because the rack is shutting down"))
                return
            self._queue.append(call)
            self._condition.notify_all()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the instrument is healthy; return whether it is."""
        with self._condition:
            return self._condition.wait_for(lambda: self._status.healthy, timeout_s)

    def begin_close(self) -> None:
        """Tell the worker to end; calls that wait or run are cancelled."""
        with self._condition:
            self._closing = True
            calls = [*self._queue, *([self._current] if self._current else [])]
            self._queue.clear()
            opening = self._opening
            self._condition.notify_all()
        for call in calls:
            call.cancel(f"{self.role} was closed because the rack is shutting down")
        if opening is not None:
            opening.cancel(0.0)

    def finish_close(self, deadline: float) -> None:
        """Wait for the worker until ``deadline`` (monotonic), then leave it behind with a closed port."""
        with self._condition:
            left_behind = self._left_behind
        if left_behind:
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            log.warning("%s did not stop in time; its connection is closed under it", self.role)
            with self._condition:
                self._generation += 1
                self._left_behind = True
                driver, self._driver = self._driver, None
            _close_aside(driver)

    # The worker thread.

    def _start(self) -> threading.Thread:
        thread = threading.Thread(
            target=self._work, args=(self._generation,), name=f"rack-{self.role}-{self._generation}", daemon=True
        )
        thread.start()
        return thread

    def _work(self, generation: int) -> None:
        used_at = time.monotonic()
        while (turn := self._take(generation)) is not None:
            connected = self._driver is not None
            if connected and time.monotonic() - used_at > self._timing.recheck_s:
                self._recheck(generation)
            if self._driver is None:
                self._connect(generation)
            if isinstance(turn, PendingCall):
                self._serve(turn, generation)
            used_at = time.monotonic()
        with self._condition:
            driver = None
            if self._generation == generation:
                driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _take(self, generation: int) -> PendingCall[Any] | bool | None:
        """Return the next call, ``True`` when it is time to reconnect, ``None`` when this worker's time is over."""
        with self._condition:
            self._current = None
            while self._serving(generation):
                if self._queue:
                    self._current = self._queue.popleft()
                    return self._current
                pause = None
                if self._driver is None and not self.on_demand:
                    pause = self._retry_at - time.monotonic()
                    if pause <= 0:
                        return True
                self._condition.wait(pause)
            return None

    def _serve(self, call: PendingCall[Any], generation: int) -> None:
        driver = self._driver
        if driver is None:
            call.fail(InstrumentUnavailable(f"{self.role} is not available: {self._status.fault}"))
            return
        error = call.execute(driver)
        if self.on_demand:
            self._drop(generation)
        if isinstance(error, Cancelled):
            self._drop(generation)  # a late answer must not be taken for the next one's
            if not self.on_demand:
                self._connect(generation)
        elif isinstance(error, InstrumentRefused):
            self._recheck(generation)  # a bridge refuses for a sensor behind it that is gone
        elif isinstance(error, _LOST):
            self._drop(generation)
            self._mark(generation, healthy=False, identity=self._status.identity, fault=says(error))
            self._retry_at = time.monotonic()

    def _connect(self, generation: int) -> None:
        guard = Guard()
        guard.arm(self._timing.open_s)
        with self._condition:
            if not self._serving(generation):
                return
            self._opening = guard
        driver = None
        try:
            driver = self._opener(self.config.profile, self.config.address, guard=guard, **self.config.options)
            identity = self._status.identity if self.on_demand else driver.identify()
        except Exception as error:
            if not isinstance(error, InstrumentError | OSError):
                log.exception("%s: the driver failed in an unexpected way while connecting", self.role)
            if driver is not None:
                driver.close()
            fault = says(error)
            if isinstance(error, Cancelled):
                fault = (
                    f"{self.config.profile} at {self.config.address} did not answer within {self._timing.open_s:g} s"
                )
            with self._condition:
                self._retry_at = time.monotonic() + self._pause_s
                self._pause_s = min(self._pause_s * 2, self._timing.backoff_s[1])
            self._mark(generation, healthy=False, identity=self._status.identity, fault=fault)
            return
        with self._condition:
            self._opening = None
            stale = not self._serving(generation)
            if not stale:
                self._driver = driver
                self._pause_s = self._timing.backoff_s[0]
        if stale:
            driver.close()
        else:
            self._mark(generation, healthy=True, identity=identity, fault=None)

    def _serving(self, generation: int) -> bool:
        return not self._closing and self._generation == generation

    def _recheck(self, generation: int) -> None:
        driver = self._driver
        if driver is None:
            return
        driver.guard.arm(self._timing.open_s)
        try:
            driver.identify()
        except Exception as error:
            if not isinstance(error, InstrumentError | OSError):
                log.exception("%s: the driver failed in an unexpected way while telling who it is", self.role)
            log.info("%s did not tell who it is (%s); connecting anew", self.role, says(error))
            self._drop(generation)

    def _drop(self, generation: int) -> None:
        with self._condition:
            if self._generation != generation:
                return
            driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _mark(self, generation: int, *, healthy: bool, identity: str | None, fault: str | None) -> None:
        status = InstrumentStatus(self.role, self.config.profile, healthy, identity, fault, *self._calibrated)
        with self._condition:
            if self._generation != generation or status == self._status:
                return
            self._status = status
            self._condition.notify_all()
        self._on_change(status)

    # What a stopped call leaves behind.

    def _watch(self, call: PendingCall[Any], quiet: bool) -> None:
        """Give the worker a while to come back from a stopped call; a stuck write gets none."""
        if not quiet:
            self._replace(call)
            return
        timer = threading.Timer(self._timing.quiet_s, self._replace, (call,))
        timer.daemon = True
        timer.start()

    def _replace(self, call: PendingCall[Any]) -> None:
        with self._condition:
            if not call.running or self._current is not call or self._closing:
                return
            self._generation += 1
            generation = self._generation
            driver, self._driver = self._driver, None
            self._retry_at = time.monotonic()
            self._thread = self._start()
        _close_aside(driver)
        fault = "a stopped call did not come back; the connection was closed and is being opened anew"
        self._mark(generation, healthy=False, identity=self._status.identity, fault=fault)


def _close_aside(driver: Instrument | None) -> None:
    """Close a driver whose worker may be stuck in it, without waiting."""
    if driver is not None:
        threading.Thread(target=driver.close, name="rack-close", daemon=True).start()
