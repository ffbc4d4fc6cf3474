"""A whole bench in one object: the device, its instruments with their ports, and the wires between them."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol

from drivers.simulated import spi_flash
from drivers.simulated.console import ConsoleSession
from drivers.simulated.device import Device
from drivers.simulated.endpoints import Endpoint, PtyEndpoint, Session, TcpEndpoint
from drivers.simulated.hislip import HislipSession
from drivers.simulated.keysight_34461a import TruevoltMeter
from drivers.simulated.line_input import LineInput
from drivers.simulated.mlx90640 import CameraSession, Mlx90640
from drivers.simulated.modbus_server import RtuSession, TcpSession
from drivers.simulated.owon_xdm1041 import BAUD as XDM1041_BAUD
from drivers.simulated.owon_xdm1041 import Xdm1041
from drivers.simulated.points import PointKind
from drivers.simulated.products import Product, sp100
from drivers.simulated.riden_rd6006 import BAUD as RD6006_BAUD
from drivers.simulated.riden_rd6006 import UNIT as RD6006_UNIT
from drivers.simulated.riden_rd6006 import Rd6006
from drivers.simulated.rigol_ds1054z import Ds1054z
from drivers.simulated.rom_bootloader import Boot0, ProgrammingPort
from drivers.simulated.scpi_device import ScpiDevice, ScpiSession
from drivers.simulated.siglent_sdg1032x import Sdg1032x
from drivers.simulated.signature import SignatureAdapter
from drivers.simulated.uni_t_ut61e import FRAMES_A_SECOND, Ut61e
from drivers.simulated.wiring import OPEN, Wiring

MISBEHAVIOURS = ("hang", "truncate", "unplug", "wrong_identity")
"""What an instrument can be made to do wrong: never answer, cut answers short, lose its port, be another one."""


@dataclass(frozen=True, slots=True)
class Place:
    """One instrument on the bench. ``impersonate`` makes it answer as another instrument (or itself again).

    The name of an endpoint in braces in an address is filled in by its port; ``others`` are further addresses.
    """

    profile: str
    address: str
    endpoints: tuple[Endpoint, ...] = ()
    impersonate: Callable[[bool], None] | None = None
    others: tuple[str, ...] = ()


class SimulatedBench:
    """A device (an SP-100 if not said otherwise) with a full set of instruments on this machine's ports.

    They speak their wire protocols.

    A context manager: ports open on entry and are gone after exit. ``directory`` takes links to serial ports and the
    SPI flash image; without one, a temporary folder is used. ``pace`` is how long measurements take: 1 as long as
    on the real instrument, 0 (for tests) no longer than they are computed.
    ``handheld_rate_hz`` is how often the hand-held meter sends its display.
    """

    def __init__(
        self,
        faults: Iterable[str] = (),
        seed: int = 1,
        directory: Path | None = None,
        *,
        pace: float = 0.0,
        meter_model: str = "34461A",
        handheld_rate_hz: float = FRAMES_A_SECOND,
        product: Product = sp100.PRODUCT,
    ) -> None:
        self._exits = contextlib.ExitStack()
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="bench-"))
            self._exits.callback(shutil.rmtree, directory, ignore_errors=True)
        self.directory = directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.pace = pace
        self.flash_image = self.directory / "spi-flash.bin"
        if not self.flash_image.exists():
            spi_flash.write_image(self.flash_image)
        self.device = Device(seed=seed, faults=faults, product=product, flash_image=self.flash_image)
        self.wiring = Wiring(self.device)
        self._places: dict[str, Place] = {}
        self._build(seed, meter_model, handheld_rate_hz)

    # ---- what others use

    @property
    def other_addresses(self) -> Mapping[str, tuple[str, ...]]:
        """Further addresses of the instruments that have more than one port, by role."""
        return {role: place.others for role, place in self._places.items() if place.others}

    @property
    def instruments(self) -> Mapping[str, tuple[str, str]]:
        """Profile and address of each instrument, by role."""
        return {role: (place.profile, place.address) for role, place in self._places.items()}

    def connect(self, role: str, test_point: str) -> None:
        """Move a probe: ``meter``, ``meter2``, ``handheld``, ``scope`` (channel 1), ``scope.2`` … ``scope.4``.

        Raise ``ValueError`` when there is no such probe or point.
        """
        self.wiring.connect("scope" if role == "scope.1" else role, test_point)

    def turn_knob(self, position: str) -> None:
        """Turn the hand-held meter's knob (``uni_t_ut61e.POSITIONS``); raise ``ValueError`` when it has no such."""
        self.handheld.turn(position)

    def strap_boot0(self, boot0: str) -> None:
        """Set the MCU's BOOT0 (``auto``: by the programming port's DTR, ``high``, ``low``) and reset it."""
        if boot0 not in set(Boot0):
            raise ValueError(f"BOOT0 can be {', '.join(Boot0)}, not {boot0!r}")
        self.programming_port.strap(Boot0(boot0))

    def misbehave(self, role: str, kind: str, on: bool = True) -> None:
        """Let an instrument do wrong (``MISBEHAVIOURS``), or well again; raise ``ValueError`` for unknown names."""
        place = self._places.get(role)
        if place is None:
            raise ValueError(f"no instrument {role!r}; this bench has {', '.join(self._places)}")
        if kind not in MISBEHAVIOURS:
            raise ValueError(f"no misbehaviour {kind!r}; there are {', '.join(MISBEHAVIOURS)}")
        if (kind == "wrong_identity" and place.impersonate is None) or not place.endpoints:
            raise ValueError(f"{role} cannot be made to misbehave by {kind!r}")
        if kind == "wrong_identity" and place.impersonate is not None:
            place.impersonate(on)
        for endpoint in place.endpoints:
            if kind == "unplug":
                (endpoint.stop if on else endpoint.start)()
            elif kind != "wrong_identity":
                setattr(endpoint, kind, on)

    def write_bench_toml(self, path: Path, name: str = "bench-01", roles: Iterable[str] | None = None) -> None:
        """Write the bench's configuration for the agent: with all instruments, or with those of ``roles``."""
        lines = ["[bench]", f"name = {_quoted(name)}", ""]
        for role in self._places if roles is None else roles:
            place = self._places[role]
            lines += [f"[instruments.{role}]", f"profile = {_quoted(place.profile)}"]
            lines += [f"address = {_quoted(place.address)}", ""]
        unready = path.with_name(f".{path.name}.new")
        unready.write_text("\n".join(lines), encoding="utf-8")
        unready.replace(path)  # who sees the file sees all of it

    def state(self) -> dict[str, object]:
        """Return what the bench is like now, as plain data."""
        feed = self.device.state.feed
        return {
            "device": {
                "model": self.device.product.model,
                "serial": self.device.serial,
                "faults": sorted(self.device.faults),
                "feed": {"voltage_v": feed.voltage_v, "limit_a": feed.limit_a, "on": feed.on},
                "boot0": self.device.state.rom_bootloader,
            },
            "instruments": {
                role: {
                    "profile": place.profile,
                    "address": place.address,
                    "others": list(place.others),
                    "plugged": all(endpoint.running for endpoint in place.endpoints),
                }
                for role, place in self._places.items()
            },
            "probes": {name: probe.point for name, probe in self.wiring.probes.items()},
        }

    # ---- life

    def start(self) -> "SimulatedBench":
        """Open all ports."""
        try:
            for role, place in self._places.items():
                ports: dict[str, int] = {}
                for endpoint in place.endpoints:
                    endpoint.start()
                    self._exits.callback(endpoint.stop)
                    if isinstance(endpoint, TcpEndpoint):
                        ports[f"{{{endpoint.name}}}"] = endpoint.port
                address, *others = (_filled(text, ports) for text in (place.address, *place.others))
                self._places[role] = replace(place, address=address, others=tuple(others))
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

    def _build(self, seed: int, meter_model: str, handheld_rate_hz: float) -> None:
        probe, product = self.wiring.probe, self.device.product
        main, stage = product.point(PointKind.MAIN), product.point(PointKind.STAGE)
        self._add_scpi(
            "meter", "keysight-34461a", TruevoltMeter(probe("meter", "TP_3V3"), seed=seed, model=meter_model)
        )
        meter2 = Xdm1041(probe("meter2", main), seed=seed)
        self._add_pty("meter2", "owon-xdm1041", "serial:{link}", ScpiSession(meter2, XDM1041_BAUD), _impostor(meter2))
        self._set_pace(meter2, self._places["meter2"].endpoints[0])
        self.handheld = Ut61e(probe("handheld", main), seed=seed, frames_a_second=handheld_rate_hz)
        self._add_pty("handheld", "uni-t-ut61e", "serial:{link}", self.handheld)
        scope_points = {"scope": "TP_3V3", "scope.2": main, "scope.3": stage, "scope.4": "TP_XTAL"}
        probes = [probe(name, point) for name, point in scope_points.items()]
        self._add_scpi("scope", "rigol-ds1054z", Ds1054z(probes, seed=seed, waits=lambda: self.pace > 0.0))
        generator = Sdg1032x(seed=seed)
        driving = probe("generator", OPEN)
        adapter = SignatureAdapter(self.device, generator, driving)
        if PointKind.LINE in product.points.values():
            self.device.line_in = LineInput(generator, driving)
        self.wiring.sources.update(
            {
                "GEN1": generator.channel(1),
                "GEN2": generator.channel(2),
                "SIG_V": adapter.terminal(current=False),
                "SIG_I": adapter.terminal(current=True),
            }
        )
        self._add_scpi("generator", "siglent-sdg1032x", generator)
        self._add_supply(seed)
        sensor = Mlx90640(self.device, seed=seed, waits=lambda: self.pace > 0.0)
        self._add_pty("camera", "mlx90640", "sc18im700:{link}?address=0x33", CameraSession(sensor), _impostor(sensor))
        self.programming_port = ProgrammingPort(self.device)
        self._add_pty(
            "mcu", "stm32flash", "stm32flash:{link}", self.programming_port, self.programming_port.impersonate
        )
        self._places["flash"] = Place("flashrom", f"flashrom:dummy:emulate=W25Q128FV,image={self.flash_image}")
        self._add_pty("console", "serial-console", "serial:{link}", ConsoleSession(self.device))

    def _add_scpi(self, role: str, profile: str, device: ScpiDevice) -> None:
        endpoint = TcpEndpoint("socket", lambda: ScpiSession(device))
        hislip = TcpEndpoint("hislip", lambda: HislipSession(device.handle))
        self._set_pace(device, endpoint)
        self._places[role] = Place(
            profile,
            "TCPIP::127.0.0.1::{socket}::SOCKET",
            (endpoint, hislip),
            _impostor(device),
            ("TCPIP::127.0.0.1::hislip0,{hislip}::INSTR",),
        )

    def _add_pty(
        self,
        role: str,
        profile: str,
        address: str,
        session: Session,
        impersonate: Callable[[bool], None] | None = None,
    ) -> None:
        link = self.directory / role
        endpoint = PtyEndpoint(role, session, link)
        self._places[role] = Place(profile, address.replace("{link}", str(link)), (endpoint,), impersonate)

    def _add_supply(self, seed: int) -> None:
        supply = Rd6006(self.device, seed=seed)
        link = self.directory / "supply"
        self._places["supply"] = Place(
            "riden-rd6006",
            f"modbus-rtu:{link}?unit={RD6006_UNIT}",
            (
                PtyEndpoint("supply", RtuSession(supply, unit=RD6006_UNIT, baud=RD6006_BAUD), link),
                TcpEndpoint("modbus", lambda: TcpSession(supply)),
            ),
            _impostor(supply),
            ("modbus-tcp:127.0.0.1:{modbus}?unit=1",),
        )

    def _set_pace(self, device: ScpiDevice, endpoint: Endpoint) -> None:
        device.pause = lambda seconds: endpoint.pause(seconds * self.pace)


class _CanPose(Protocol):
    impostor: bool


def _impostor(device: _CanPose) -> Callable[[bool], None]:
    def impersonate(on: bool) -> None:
        device.impostor = on

    return impersonate


def _filled(address: str, ports: Mapping[str, int]) -> str:
    for name, port in ports.items():
        address = address.replace(name, str(port))
    return address


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
