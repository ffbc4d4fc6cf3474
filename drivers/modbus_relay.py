"""Relay boards and scanners whose channels are Modbus coils."""

import time
from collections.abc import Collection
from typing import Any

from drivers.capabilities import Scanner
from drivers.errors import InstrumentRefused, OutOfRange
from drivers.guard import POLL_S
from drivers.modbus_relay_model import ModbusRelayProfile
from drivers.transports.modbus import ModbusBus
from protocols.modbus_map import Block, Table


class ModbusRelay(Scanner):
    """A board of the ``modbus-relay`` profiles. Every switching is read back."""

    def __init__(self, bus: ModbusBus, profile: ModbusRelayProfile, *, settle_s: float | None = None, **_: Any) -> None:
        self.profile = profile
        self.guard = bus.guard
        self._bus = bus
        self._settle_s = profile.settle_s if settle_s is None else settle_s

    def identify(self) -> str:
        """Read all channels; such boards have no identity to tell."""
        return f"{self.profile.maker},{self.profile.models[0]},{len(self.closed())} of {self.profile.channels} closed"

    def safe_state(self) -> None:
        """Open every channel."""
        self._open(range(1, self.profile.channels + 1))

    def close(self) -> None:
        """Release the port."""
        self._bus.close()

    def channels(self) -> int:
        """Return how many there are."""
        return self.profile.channels

    def closed(self) -> frozenset[int]:
        """Read which channels are closed."""
        first = self.profile.first_coil
        bits = self._bus.read(Block(Table.COIL, first, self.profile.channels))
        return frozenset(address - first + 1 for address, bit in bits.items() if bit)

    def switch(self, channel: int, on: bool) -> None:
        """Close or open one channel; the others stay as they are."""
        self._check(channel)
        self._write(channel, on)
        self._settle()
        if (channel in self.closed()) is not on:
            raise InstrumentRefused(f"{self._bus.label} left channel {channel} {'open' if on else 'closed'}; check it")

    def select(self, channels: Collection[int]) -> None:
        """Close exactly these channels: the others are opened first, so that two points are never joined."""
        for channel in channels:
            self._check(channel)
        wanted = frozenset(channels)
        now = self.closed()
        if now - wanted:
            self._open(now - wanted)
        for channel in sorted(wanted - now):
            self._write(channel, on=True)
        if wanted - now:
            self._settle()
        found = self.closed()
        if found != wanted:
            raise InstrumentRefused(
                f"{self._bus.label} has the channels {sorted(found)} closed instead of {sorted(wanted)}; check it"
            )

    def _open(self, channels: Collection[int]) -> None:
        for channel in sorted(channels):
            self._write(channel, on=False)
        self._settle()
        stuck = self.closed() & frozenset(channels)
        if stuck:
            raise InstrumentRefused(
                f"{self._bus.label} did not open the channels {sorted(stuck)}; nothing else was closed"
            )

    def _write(self, channel: int, on: bool) -> None:
        self._bus.write(Table.COIL, self.profile.first_coil + channel - 1, [int(on)])

    def _check(self, channel: int) -> None:
        if not 1 <= channel <= self.profile.channels:
            raise OutOfRange(f"{self._bus.label}: channel must be from 1 to {self.profile.channels}, not {channel}")

    def _settle(self) -> None:
        until = time.monotonic() + self._settle_s
        while (left := until - time.monotonic()) > 0:
            self.guard.check()
            time.sleep(min(left, POLL_S))
