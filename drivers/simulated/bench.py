"""A whole bench in one object: the device, its instruments with their ports, and the wires between them."""

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from drivers.simulated import spi_flash
from drivers.simulated.console import ConsoleSession
from drivers.simulated.device import Device
from drivers.simulated.endpoints import Endpoint, PtyEndpoint, TcpEndpoint
from drivers.simulated.keysight_34461a import TruevoltMeter
from drivers.simulated.rigol_ds1054z import Ds1054z
from drivers.simulated.scpi_device import ScpiDevice, ScpiSession
from drivers.simulated.wiring import Wiring

MISBEHAVIOURS = ("hang", "truncate", "unplug", "wrong_identity")
"""What an instrument can be made to do wrong: never answer, cut answers short, lose its port, be another one."""


@dataclass(frozen=True, slots=True)
class Place:
    """One instrument on the bench. ``impersonate`` makes it answer as another instrument (or itself again)."""

    profile: str
    address: str
    endpoint: Endpoint | None = None
    impersonate: Callable[[bool], None] | None = None


class SimulatedBench:
    """One SP-100 with a full set of instruments, which speak their wire protocols on this machine.

    A context manager: ports open on entry and are gone after exit. ``directory`` takes links to serial ports and the
    SPI flash image; without one, a temporary folder is used. ``pace`` is how long measurements take: 1 as long as
    on the real instrument, 0 (for tests) no longer than they are computed.
    """

    def __init__(
        self,
        faults: Iterable[str] = (),
        seed: int = 1,
        directory: Path | None = None,
        *,
        pace: float = 0.0,
        meter_model: str = "34461A",
    ) -> None:
        self._exits = contextlib.ExitStack()
        if directory is None:
            directory = Path(self._exits.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self.directory = directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.pace = pace
        self.flash_image = self.directory / "spi-flash.bin"
        if not self.flash_image.exists():
            spi_flash.write_image(self.flash_image)
        self.device = Device(seed=seed, faults=faults, flash_image=self.flash_image)
        self.wiring = Wiring(self.device)
        self._places: dict[str, Place] = {}
        self._build(seed, meter_model)

    # ---- what others use

    @property
    def instruments(self) -> Mapping[str, tuple[str, str]]:
        """Profile and address of each instrument, by role."""
        return {role: (place.profile, place.address) for role, place in self._places.items()}

    def connect(self, role: str, test_point: str) -> None:
        """Move a probe: ``meter``, ``meter2``, ``handheld``, ``scope`` (channel 1), ``scope.2`` … ``scope.4``.

        Raise ``ValueError`` when there is no such probe or point.
        """
        self.wiring.connect("scope" if role == "scope.1" else role, test_point)

    def misbehave(self, role: str, kind: str, on: bool = True) -> None:
        """Let an instrument do wrong (``MISBEHAVIOURS``), or well again; raise ``ValueError`` for unknown names."""
        place = self._places.get(role)
        if place is None:
            raise ValueError(f"no instrument {role!r}; this bench has {', '.join(self._places)}")
        if kind == "wrong_identity" and place.impersonate is not None:
            place.impersonate(on)
        elif kind == "unplug" and place.endpoint is not None:
            (place.endpoint.stop if on else place.endpoint.start)()
        elif kind in {"hang", "truncate"} and place.endpoint is not None:
            setattr(place.endpoint, kind, on)
        elif kind in MISBEHAVIOURS:
            raise ValueError(f"{role} cannot be made to misbehave by {kind!r}")
        else:
            raise ValueError(f"no misbehaviour {kind!r}; there are {', '.join(MISBEHAVIOURS)}")

    def write_bench_toml(self, path: Path, name: str = "bench-01") -> None:
        """Write the bench's configuration for the agent."""
        lines = ["[bench]", f"name = {_quoted(name)}", ""]
        for role, place in self._places.items():
            lines += [f"[instruments.{role}]", f"profile = {_quoted(place.profile)}"]
            lines += [f"address = {_quoted(place.address)}", ""]
        path.write_text("\n".join(lines), encoding="utf-8")

    def state(self) -> dict[str, object]:
        """Return what the bench is like now, as plain data."""
        feed = self.device.state.feed
        return {
            "device": {
                "serial": self.device.serial,
                "faults": sorted(self.device.faults),
                "feed": {"voltage_v": feed.voltage_v, "limit_a": feed.limit_a, "on": feed.on},
                "boot0": self.device.state.rom_bootloader,
            },
            "instruments": {
                role: {"profile": place.profile, "address": place.address, "plugged": self._is_plugged(place)}
                for role, place in self._places.items()
            },
            "probes": {name: probe.point for name, probe in self.wiring.probes.items()},
        }

    # ---- life

    def start(self) -> "SimulatedBench":
        """Open all ports."""
        try:
            for role, place in self._places.items():
                if place.endpoint is not None:
                    place.endpoint.start()
                    self._exits.callback(place.endpoint.stop)
                    if isinstance(place.endpoint, TcpEndpoint):
                        address = place.address.replace("{port}", str(place.endpoint.port))
                        self._places[role] = Place(place.profile, address, place.endpoint, place.impersonate)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Close all ports, end all threads, and remove a temporary folder. May be called more than once."""
        self._exits.close()

    def __enter__(self) -> "SimulatedBench":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- building

    def _build(self, seed: int, meter_model: str) -> None:
        meter = TruevoltMeter(self.wiring.probe("meter", "TP_3V3"), seed=seed, model=meter_model)
        self._add_scpi("meter", "keysight-34461a", meter)
        probes = [
            self.wiring.probe("scope" if number == 1 else f"scope.{number}", point)
            for number, point in enumerate(("TP_3V3", "TP_5V", "TP_RELAY", "TP_XTAL"), 1)
        ]
        self._add_scpi("scope", "rigol-ds1054z", Ds1054z(probes, seed=seed, waits=lambda: self.pace > 0.0))
        link = self.directory / "console"
        self._places["console"] = Place(
            "serial-console", f"serial:{link}", PtyEndpoint("console", ConsoleSession(self.device), link)
        )

    def _add_scpi(self, role: str, profile: str, device: ScpiDevice) -> None:
        endpoint = TcpEndpoint(role, lambda: ScpiSession(device))
        device.pause = lambda seconds: endpoint.pause(seconds * self.pace)

        def impersonate(on: bool) -> None:
            device.impostor = on

        self._places[role] = Place(profile, "TCPIP::127.0.0.1::{port}::SOCKET", endpoint, impersonate)

    def _is_plugged(self, place: Place) -> bool:
        return place.endpoint is None or place.endpoint.running


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
