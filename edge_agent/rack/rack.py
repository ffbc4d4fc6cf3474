"""The instruments of one bench, by role."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from drivers.errors import InstrumentError
from edge_agent.bench_config import InstrumentConfig
from edge_agent.calibration import Calibration
from edge_agent.rack.call import PendingCall, says
from edge_agent.rack.cancellation import Cancellation
from edge_agent.rack.errors import RackError, UnknownRole
from edge_agent.rack.leases import Lease, LeaseTable
from edge_agent.rack.slot import Opener, Slot, Timing
from protocols.messages.records import InstrumentStatus, InventoryChanged

log = logging.getLogger(__name__)
T = TypeVar("T")
CLOSE_S = 2.0
"""Longest time that ``close`` waits for all workers together."""


class Rack:
    """Owns every instrument of the bench, each in its own worker thread.

    ``opener`` is ``drivers.registry.open_instrument`` unless given. Connecting begins at once and goes on in
    the background: a broken or absent instrument is a state with words (``status``), not an exception.
    """

    def __init__(
        self,
        instruments: Mapping[str, InstrumentConfig],
        *,
        opener: Opener | None = None,
        timing: Timing | None = None,
    ) -> None:
        if opener is None:
            from drivers.registry import open_instrument

            opener = open_instrument
        self._subscribers: list[Callable[[InventoryChanged], None]] = []
        self._lock = threading.RLock()
        self._leases = LeaseTable()
        self._slots: dict[str, Slot] = {}
        self._opener = opener
        self._timing = timing or Timing()
        self._not_off: dict[str, str] = {}
        for role, config in instruments.items():
            self._slots[role] = self._new_slot(role, config)

    def __enter__(self) -> "Rack":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of this bench."""
        return tuple(self._slots)

    @property
    def calibrations(self) -> dict[str, Calibration | None]:
        """The calibration record of each instrument, by role."""
        return {role: slot.config.calibration for role, slot in self._slots.items()}

    @property
    def not_off(self) -> dict[str, str]:
        """Role and words of each instrument whose last ``safe_state`` failed: its output may still be on."""
        with self._lock:
            return dict(self._not_off)

    def status(self) -> tuple[InstrumentStatus, ...]:
        """Return every instrument as last seen."""
        return tuple(slot.status for slot in tuple(self._slots.values()))

    def wait_connected(self, timeout_s: float, roles: Iterable[str] | None = None) -> bool:
        """Wait until all instruments (or those in ``roles``) are healthy; return whether they are."""
        deadline = time.monotonic() + timeout_s
        wanted = self._slots if roles is None else roles
        return all(self._slot(role).wait_connected(max(0.0, deadline - time.monotonic())) for role in wanted)

    def subscribe(self, callback: Callable[[InventoryChanged], None]) -> Callable[[], None]:
        """Have ``callback`` called from a worker thread when identity or health changes; return how to stop it."""
        with self._lock:
            self._subscribers.append(callback)
        return lambda: self._unsubscribe(callback)

    # Instruments that come and go while it runs.

    def configuration(self) -> dict[str, InstrumentConfig]:
        """Return profile and address of each role."""
        return {role: slot.config for role, slot in tuple(self._slots.items())}

    def check_replaceable(self, role: str, *, replace: bool) -> None:
        """Raise ``RackError`` when `put` would refuse."""
        if role in self._slots:
            if not replace:
                raise RackError(f"the role {role!r} has an instrument already; choose another role, or replace it")
            if (holder := self.holder(role)) is not None:
                raise RackError(f"the instrument in the role {role!r} is in use by {holder}; try again when it is free")

    def put(self, role: str, config: InstrumentConfig, *, replace: bool = False) -> None:
        """Take an instrument in and begin to connect it; with ``replace``, in the place of the one that is there."""
        self.check_replaceable(role, replace=replace)
        lease = self._leases.acquire(role, "a change of the rack", None)  # nobody may use it meanwhile
        try:
            old = self._slots.get(role)
            if old is not None:
                old.begin_close()
                old.finish_close(time.monotonic() + CLOSE_S)
            with self._lock:
                slot = self._new_slot(role, config)
                self._slots = {**self._slots, role: slot}  # others may be walking the old one
                self._not_off.pop(role, None)  # was said of the one before
        finally:
            self._leases.release(lease)
        self._changed(slot.status)

    # Leases.

    def acquire(self, role: str, holder: str, ttl_s: float | None = 30.0) -> Lease:
        """Give ``holder`` control of one instrument; every call renews it. Raise ``LeaseRefused`` when it is taken."""
        self._slot(role)
        return self._leases.acquire(role, holder, ttl_s)

    @contextmanager
    def leased(self, roles: Iterable[str], holder: str, ttl_s: float | None = None) -> Iterator[dict[str, Lease]]:
        """Hold all of ``roles`` or none of them for a ``with`` block."""
        leases: dict[str, Lease] = {}
        try:
            for role in roles:
                leases[role] = self.acquire(role, holder, ttl_s)
            yield leases
        finally:
            for lease in leases.values():
                self.release(lease)

    def renew(self, lease: Lease) -> None:
        """Let a lease run its time again from now; raise ``LeaseRefused`` when it is over."""
        self._leases.renew(lease)

    def release(self, lease: Lease) -> None:
        """Give control back."""
        self._leases.release(lease)

    def holder(self, role: str) -> str | None:
        """Return who controls the instrument in ``role`` now."""
        return self._leases.holder(role)

    # Calls.

    def submit(
        self, role: str, lease: Lease, function: Callable[[Any], T], timeout_s: float, *, renews: bool = True
    ) -> PendingCall[T]:
        """Queue ``function(driver)`` for the worker of ``role`` and return at once; its deadline runs from now.

        The function does its I/O through the driver only and keeps no reference to it. It renews the lease unless
        nobody may be there who wants it: what repeats by itself must not keep an instrument from others.
        Raises ``UnknownRole`` or ``LeaseRefused``.
        """
        slot = self._slot(role)
        if lease.role != role:
            raise UnknownRole(f"a lease on {lease.role} gives no control of {role}; acquire {role} too")
        if renews:
            self._leases.renew(lease, at_least_s=timeout_s)
        else:
            self._leases.check(lease)
        call: PendingCall[T] = PendingCall(role, function, timeout_s)
        slot.submit(call)
        return call

    def call(
        self,
        role: str,
        lease: Lease,
        function: Callable[[Any], T],
        timeout_s: float,
        cancellation: Cancellation | None = None,
    ) -> T:
        """Run ``function(driver)`` on the worker of ``role`` and return its result.

        At the deadline, or when ``cancellation`` is set, the caller is back within 0.1 s and nothing more of this call
        reaches the instrument. Raises the driver's errors and ``CallTimeout``, ``CallCancelled``,
        ``InstrumentUnavailable``, ``LeaseRefused``, ``UnknownRole``.
        """
        if cancellation is None:
            return self.submit(role, lease, function, timeout_s).result()
        cancellation.check()
        call = self.submit(role, lease, function, timeout_s)
        detach = cancellation.attach(call.cancel)
        try:
            return call.result()
        finally:
            detach()

    def safe_state(self, leases: Mapping[str, Lease], timeout_s: float = 5.0) -> dict[str, str]:
        """Switch the outputs of all leased instruments off, side by side; return role and words of each failure.

        A programmer is left alone: it drives nothing between calls, and opening it would reset the device.
        """
        failures: dict[str, str] = {}
        calls: dict[str, PendingCall[None]] = {}
        for role, lease in leases.items():
            if self._slot(role).on_demand:
                continue
            try:
                calls[role] = self.submit(role, lease, lambda driver: driver.safe_state(), timeout_s)
            except RackError as error:
                failures[role] = says(error)
        for role, call in calls.items():
            try:
                call.result()
            except (RackError, InstrumentError, OSError) as error:
                failures[role] = says(error)
        with self._lock:
            self._not_off = {role: words for role, words in self._not_off.items() if role not in leases} | failures
        return failures

    def close(self) -> None:
        """End all workers within a bounded time; never hangs, and may be called more than once."""
        deadline = time.monotonic() + CLOSE_S
        slots = tuple(self._slots.values())
        for slot in slots:
            slot.begin_close()
        for slot in slots:
            slot.finish_close(deadline)

    def _new_slot(self, role: str, config: InstrumentConfig) -> Slot:
        on_demand = _disturbs_device(config.profile)
        return Slot(role, config, self._opener, self._changed, self._timing, on_demand=on_demand)

    def _slot(self, role: str) -> Slot:
        try:
            return self._slots[role]
        except KeyError:
            known = ", ".join(sorted(self._slots)) or "none"
            raise UnknownRole(
                f"this bench has no instrument in the role {role!r} (it has {known}); add it to bench.toml"
            ) from None

    def _changed(self, status: InstrumentStatus) -> None:
        with self._lock:
            subscribers = tuple(self._subscribers)
            body = InventoryChanged(tuple(status if s.role == status.role else s for s in self.status()))
            for callback in subscribers:
                try:
                    callback(body)
                except Exception:
                    log.exception("a listener to the rack's health failed")

    def _unsubscribe(self, callback: Callable[[InventoryChanged], None]) -> None:
        with self._lock:
            if callback in self._subscribers:
                self._subscribers.remove(callback)


def _disturbs_device(profile: str) -> bool:
    """Return whether already opening this instrument acts on the device: programmers reset it into its bootloader."""
    from drivers.programmers.model import ToolProfile
    from drivers.registry import find_profile

    try:
        return isinstance(find_profile(profile), ToolProfile)
    except InstrumentError:
        return False  # the slot says what is wrong with the profile
