"""Instruments on the network: announced by mDNS (LXI), or at hosts that a person names. No address is guessed.

LXI Device Specification 1.6, section 10: services ``_lxi._tcp``, ``_scpi-raw._tcp``, ``_vxi-11._tcp``, ``_hislip._tcp``
with the TXT records Manufacturer, Model, SerialNumber and FirmwareVersion.
"""

import contextlib
import ipaddress
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drivers.discovery.findings import ANNOUNCED, NOTES, TOLD, Candidate, Finding
from drivers.discovery.matching import looks_like_identity, scpi_candidates
from drivers.errors import BadResponse, Cancelled, ConnectionLost, InstrumentError, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.profile import Profile
from drivers.profile_base import SerialLine

SERVICES = ("_lxi._tcp", "_scpi-raw._tcp", "_vxi-11._tcp", "_hislip._tcp")
RAW_PORTS = (5025, 5555)
"""Where SCPI is spoken on a bare socket: Keysight, Siglent and most others; Rigol."""
MODBUS_PORT = 502
CONNECT_S = 1.5
ANSWER_S = 2.0


@dataclass
class Announced:
    """One host that announces itself; ``ports`` are of ``_scpi-raw``, ``visa`` the VISA names of other services."""

    host: str
    name: str = ""
    identity: str | None = None
    ports: set[int] = field(default_factory=set)
    visa: list[str] = field(default_factory=list)


def browse(seconds: float, guard: Guard, interfaces: Sequence[str] | None = None) -> dict[str, Announced]:
    """Listen to mDNS for so long and return the hosts by address. Raises ``Cancelled``.

    ``interfaces`` are addresses of this machine to listen at; ``None`` is all of them. Where the network allows no
    multicast, nothing is found.
    """
    from zeroconf import InterfaceChoice, ServiceBrowser, ServiceListener, Zeroconf

    class Listener(ServiceListener):
        def __init__(self) -> None:
            self.seen: list[tuple[str, str]] = []

        def add_service(self, zc: Any, type_: str, name: str) -> None:  # noqa: ARG002 - zeroconf's names
            self.seen.append((type_, name))

        def update_service(self, zc: Any, type_: str, name: str) -> None:
            """Take no notice: the first announcement is enough."""

        def remove_service(self, zc: Any, type_: str, name: str) -> None:
            """Take no notice: what has gone will not answer."""

    hosts: dict[str, Announced] = {}
    try:
        zeroconf = Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All)
    except OSError:
        return hosts
    try:
        listener = Listener()
        ServiceBrowser(zeroconf, [f"{service}.local." for service in SERVICES], listener)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            guard.check()
            threading.Event().wait(min(0.05, left))
        for service, name in list(listener.seen):
            guard.check()
            info = zeroconf.get_service_info(service, name, timeout=1000)
            if info is not None:
                _take(hosts, service.removesuffix(".local."), info)
    finally:
        zeroconf.close()
    return hosts


def _take(hosts: dict[str, Announced], service: str, info: Any) -> None:
    addresses = [text for text in info.parsed_addresses() if _plain(text)]
    if not addresses:
        return
    host = sorted(addresses, key=lambda text: ":" in text)[0]
    found = hosts.setdefault(host, Announced(host))
    found.name = found.name or str(info.name).removesuffix(f".{info.type}")
    texts = {_text(key).lower(): _text(value) for key, value in (info.properties or {}).items()}
    fields = [texts.get(key, "") for key in ("manufacturer", "model", "serialnumber", "firmwareversion")]
    if fields[0] and fields[1]:
        found.identity = ",".join(fields)
    if service == "_scpi-raw._tcp" and info.port:
        found.ports.add(int(info.port))
    elif service == "_vxi-11._tcp":
        found.visa.append(f"TCPIP::{host}::inst0::INSTR")
    elif service == "_hislip._tcp":
        found.visa.append(f"TCPIP::{host}::hislip0,{info.port or 4880}::INSTR")


def _text(raw: bytes | str | None) -> str:
    return raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else raw or ""


def _plain(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_link_local or "." in address
    except ValueError:
        return False


def ask_host(
    host: str, ports: Sequence[int], profiles: Mapping[str, Profile], guard: Guard, announced: Announced | None = None
) -> list[Finding]:
    """Ask one host who it is: SCPI on its raw ports, then by VISA, and Modbus where that answers. Never raises but
    ``Cancelled``; a host that says nothing is no finding unless it was announced."""
    place = f"{announced.name} at {host}" if announced is not None and announced.name else host
    findings: list[Finding] = []
    for port in ports:
        found = None
        if port != MODBUS_PORT:
            address = f"TCPIP::{host}::{port}::SOCKET"
            found = _scpi(address, _ask_socket(host, port, guard), f"{place}, port {port}", profiles, "tcp")
        found = found or _modbus(host, port, profiles, guard)
        if found is not None:
            findings.append(found)
    if announced is None or findings:
        return findings
    for name in announced.visa:
        found = _scpi(name, ask_visa(name, guard), place, profiles, "visa")
        if found is not None:
            return [found]
    address = announced.visa[0] if announced.visa else f"TCPIP::{host}::INSTR"
    identity = announced.identity
    candidates = scpi_candidates(identity or "", profiles, address, ANNOUNCED)
    return [Finding(address, "visa", place, identity, candidates, None if candidates else NOTES["unknown"])]


def ask_visa(name: str, guard: Guard, library: str = "@py") -> str | None:
    """Return the ``*IDN?`` answer of a VISA resource, ``None`` when there is none. Raises ``Cancelled``."""
    from drivers.transports.visa import VisaStream

    try:
        stream = VisaStream.open(name, SerialLine(), label=name, guard=guard, library=library)
    except (ConnectionLost, Misconfigured):
        return None
    with contextlib.closing(stream):
        return _idn(stream)


def _ask_socket(host: str, port: int, guard: Guard) -> str | None:
    from drivers.transports.tcp import TcpStream

    try:
        stream = TcpStream.open(host, port, label=f"{host}:{port}", guard=guard, timeout_s=CONNECT_S)
    except ConnectionLost:
        return None
    with contextlib.closing(stream):
        return _idn(stream)


def _idn(stream: Any) -> str | None:
    try:
        stream.write(b"*IDN?\n")
        line: bytes = stream.read_until(b"\n", ANSWER_S, 1000)
    except Cancelled:
        raise
    except (NoResponse, BadResponse, ConnectionLost):
        return None
    text = line.decode("utf-8", errors="replace").strip()
    return text if looks_like_identity(text) else None


def _scpi(
    address: str, identity: str | None, place: str, profiles: Mapping[str, Profile], transport: Any
) -> Finding | None:
    if identity is None:
        return None
    candidates = scpi_candidates(identity, profiles, address)
    return Finding(address, transport, place, identity, candidates, None if candidates else NOTES["unknown"])


def _modbus(host: str, port: int, profiles: Mapping[str, Profile], guard: Guard) -> Finding | None:
    from drivers.registry import open_instrument

    for profile in profiles.values():
        if not isinstance(profile, ModbusSupplyProfile):
            continue
        address = f"modbus-tcp:{host}:{port}?unit={profile.unit}"
        try:
            instrument = open_instrument(profile.name, address, guard)
        except Cancelled:
            raise
        except ConnectionLost:
            return None
        except InstrumentError:
            continue
        with contextlib.closing(instrument):
            identity = instrument.identify()
        return Finding(address, "modbus", f"{host}, port {port}", identity, (Candidate(profile.name, address, TOLD),))
    return None
