"""One search over everything that may be connected to this machine."""

import ipaddress
import os
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from drivers.capabilities import Progress
from drivers.discovery import lan, sysfs
from drivers.discovery.findings import HINTED, NOTES, SHARED, TOLD, Candidate, Finding, ranked
from drivers.discovery.matching import scpi_candidates
from drivers.discovery.serial_probe import SerialProbe
from drivers.discovery.usb_ids import Kind, Known, known
from drivers.errors import Cancelled, InstrumentError, Misconfigured
from drivers.guard import Guard
from drivers.profile import Profile

PARALLEL = 8
MAX_PORT = 65535
Job = Callable[[Guard], list[Finding]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look. ``ports`` are further serial ports and ``hosts`` further hosts (``name`` or ``name:port``) that a
    person names, and so allows to be asked; ``in_use`` gives the role of each address that is taken and left alone."""

    usb: bool = True
    serial: bool = True
    lan: bool = True
    ports: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    in_use: Mapping[str, str] = field(default_factory=dict)
    browse_s: float = 3.0
    listen_s: float = 1.2
    interfaces: tuple[str, ...] | None = None
    sysfs: Path = Path("/sys")

    def __post_init__(self) -> None:
        for host in self.hosts:
            if not re.fullmatch(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?", host):
                raise Misconfigured(f"{host!r} is no host; write a name or address, with :port where it is not usual")
            name, port = host_and_port(host)
            if re.fullmatch(r"[0-9.]+", name) and not _is_address(name):
                raise Misconfigured(f"{name} is no network address; write four numbers up to 255, such as 192.168.1.40")
            if port is not None and not 1 <= port <= MAX_PORT:
                raise Misconfigured(f"{host}: there is no port {port}; ports are 1 to {MAX_PORT}")


class Search:
    """Finds instruments; ``on_finding`` and ``on_progress`` are called from worker threads, one call at a time."""

    def __init__(
        self,
        scope: Scope,
        profiles: Mapping[str, Profile],
        *,
        on_finding: Callable[[Finding], None] | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self._scope = scope
        self._profiles = _readable(profiles)
        self._on_finding = on_finding
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._findings: dict[str, Finding] = {}
        self._guards: set[Guard] = set()
        self._cancelled = False
        self._done = 0
        self._jobs = 0
        self._taken = {_target(address): role for address, role in scope.in_use.items()}

    def run(self) -> tuple[Finding, ...]:
        """Search, and return what was found, in the order of addresses. After `cancel`, what was found so far."""
        with ThreadPoolExecutor(PARALLEL, "discovery") as pool:
            pending: set[Future[None]] = set()

            def start(label: str, job: Job) -> None:
                with self._lock:
                    self._jobs += 1
                pending.add(pool.submit(self._carry_out, label, job))

            later: list[tuple[str, Job]] = []
            for label, job in self._first_jobs(later):
                start(label, job)
            while pending:
                _, unfinished = wait(pending, return_when=FIRST_COMPLETED)
                pending = set(unfinished)
                with self._lock:
                    more, later[:] = list(later), []
                for label, job in more:
                    start(label, job)
        return tuple(sorted(self._findings.values(), key=lambda one: one.address))

    def cancel(self) -> None:
        """End the search soon; nothing more is sent once this has returned. Safe from any thread."""
        with self._lock:
            self._cancelled = True
            guards = tuple(self._guards)
        for guard in guards:
            guard.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    # -- jobs --------------------------------------------------------------------------------------------------------

    def _first_jobs(self, later: list[tuple[str, Job]]) -> list[tuple[str, Job]]:
        scope = self._scope
        jobs: list[tuple[str, Job]] = []
        if scope.usb:
            jobs.append(("usb", self._look_at_usb))
        named = {os.path.realpath(port) for port in scope.ports}
        jobs += [(port, self._serial_job(port, self._usb_behind(port), named=True)) for port in scope.ports]
        if scope.serial:
            files = [file for file in sysfs.serial_ports(scope.sysfs) if file.path not in named]
            jobs += [(file.path, self._serial_job(file.path, file.usb, named=False)) for file in files]
        jobs += [(text, self._host_job(text)) for text in scope.hosts]
        if scope.lan:
            jobs.append(("mDNS", lambda guard: self._browse(guard, later)))
        return jobs

    def _usb_behind(self, port: str) -> sysfs.UsbId | None:
        real = os.path.realpath(port)
        return next((f.usb for f in sysfs.serial_ports(self._scope.sysfs) if f.path == real), None)

    def _serial_job(self, device: str, usb: sysfs.UsbId | None, *, named: bool) -> Job:
        def job(guard: Guard) -> list[Finding]:
            place = f"{device} · {usb}" if usb is not None else device
            address = f"serial:{device}"
            role = self._taken.get(_target(address))
            if role is not None:
                return [Finding(address, "serial", place, note=NOTES["in_use"], in_use=role)]
            about = known(usb.vendor, usb.product) if usb is not None else None
            if about is not None and about.kind is Kind.PROGRAMMER:
                note = NOTES["programmer"]
                by_port = tuple(one for one in about.addresses if "{device}" in one[1])
                hinted = _hinted(replace(about, addresses=by_port), device)
                return [Finding(address, "serial", place, about.name, hinted, note)]
            probe = SerialProbe(
                device,
                place,
                self._profiles,
                guard,
                listen_s=self._scope.listen_s,
                may_ask=named or about is not None,
            )
            return [probe.run()]

        return job

    def _host_job(self, text: str) -> Job:
        host, port = host_and_port(text)
        ports = (*lan.RAW_PORTS, lan.MODBUS_PORT) if port is None else (port,)
        return lambda guard: self._ask_host(host, ports, guard, None)

    def _ask_host(
        self, host: str, ports: tuple[int, ...], guard: Guard, announced: lan.Announced | None
    ) -> list[Finding]:
        taken = {port: role for port in ports if (role := self._taken.get(f"{host}:{port}"))}
        findings = [
            Finding(f"TCPIP::{host}::{port}::SOCKET", "tcp", f"{host}, port {port}", note=NOTES["in_use"], in_use=role)
            for port, role in taken.items()
        ]
        free = [port for port in ports if port not in taken]
        return findings + lan.ask_host(host, free, self._profiles, guard, None if findings else announced)

    def _browse(self, guard: Guard, later: list[tuple[str, Job]]) -> list[Finding]:
        for host, announced in lan.browse(self._scope.browse_s, guard, self._scope.interfaces).items():
            ports = tuple(sorted(announced.ports)) or lan.RAW_PORTS
            with self._lock:
                later.append(
                    (host, lambda g, h=host, p=ports, a=announced: self._ask_host(h, p, g, a))  # type: ignore[misc]
                )
        return []

    def _look_at_usb(self, guard: Guard) -> list[Finding]:
        findings = [self._usbtmc(one, guard) for one in sysfs.usb_devices(self._scope.sysfs) if one.usbtmc]
        for transport, files in (
            ("hid", sysfs.hid_devices(self._scope.sysfs)),
            ("video", sysfs.video_devices(self._scope.sysfs)),
        ):
            for file in files:
                about = known(file.usb.vendor, file.usb.product) if file.usb is not None else None
                if about is None or about.kind is not Kind.INSTRUMENT:
                    continue
                findings.append(self._confirmed(file, about, transport, guard))
        for device in sysfs.usb_devices(self._scope.sysfs):
            about = known(device.usb.vendor, device.usb.product)
            by_usb = tuple(one for one in about.addresses if "{device}" not in one[1]) if about is not None else ()
            if about is not None and about.kind is Kind.PROGRAMMER and by_usb:
                candidates = _hinted(replace(about, addresses=by_usb), device.bus_name)
                findings.append(
                    Finding(
                        candidates[0].address,
                        "usb",
                        f"USB {device.bus_name} · {device.usb}",
                        about.name,
                        candidates,
                        NOTES["by_id"],
                    )
                )
        return findings

    def _usbtmc(self, device: sysfs.UsbDevice, guard: Guard) -> Finding:
        usb = device.usb
        address = f"USB0::0x{usb.vendor:04X}::0x{usb.product:04X}::{usb.serial or '0'}::INSTR"
        place = f"USB {device.bus_name} · {usb}"
        role = self._taken.get(_target(address))
        if role is not None:
            return Finding(address, "visa", place, note=NOTES["in_use"], in_use=role)
        library = os.environ.get("BENCHWRIGHT_VISA_LIBRARY") or "@py"
        identity = lan.ask_visa(address, guard, library)
        if identity is not None:
            candidates = scpi_candidates(identity, self._profiles, address)
            return Finding(address, "visa", place, identity, candidates, None if candidates else NOTES["unknown"])
        prefix = f"USB0::0x{usb.vendor:04X}::0x{usb.product:04X}::".upper()
        names = [
            name
            for name, profile in self._profiles.items()
            if any(one.upper().startswith(prefix) for one in profile.addresses)
        ]
        hinted = ranked([Candidate(name, address, SHARED if len(names) == 1 else HINTED) for name in names])
        return Finding(address, "visa", place, None, hinted, NOTES["by_id" if hinted else "silent"])

    def _confirmed(self, file: sysfs.DeviceFile, about: Known, transport: str, guard: Guard) -> Finding:
        """Ask the profiles that a USB id hints at; the one that answers is certain."""
        from drivers.registry import open_instrument

        place = f"{file.path} · {file.usb}"
        hinted = _hinted(about, file.path)
        address = hinted[0].address if hinted else file.path
        kind = "hid" if transport == "hid" else "video"
        role = self._taken.get(_target(address))
        if role is not None:
            return Finding(address, kind, place, note=NOTES["in_use"], in_use=role)  # type: ignore[arg-type]
        for one in hinted:
            try:
                instrument = open_instrument(one.profile, one.address, guard)
            except Cancelled:
                raise
            except InstrumentError:
                continue
            try:
                identity = instrument.identify()
            finally:
                instrument.close()
            found = (Candidate(one.profile, one.address, TOLD),)
            return Finding(one.address, kind, place, identity, found)  # type: ignore[arg-type]
        return Finding(address, kind, place, None, hinted, NOTES["by_id"])  # type: ignore[arg-type]

    # -- carrying out ------------------------------------------------------------------------------------------------

    def _carry_out(self, label: str, job: Job) -> None:
        guard = Guard()
        with self._lock:
            if self._cancelled:
                return
            self._guards.add(guard)
        try:
            findings = job(guard)
        except Cancelled:
            findings = []
        finally:
            with self._lock:
                self._guards.discard(guard)
        with self._lock:
            self._done += 1
            for one in findings:
                self._findings[one.address] = one
                if self._on_finding is not None:
                    self._on_finding(one)
            if self._on_progress is not None:
                self._on_progress(self._done / max(self._jobs, 1), label)


def _readable(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """Return the profiles that can be read; a broken file of somebody's folder does not stop a search."""
    found: dict[str, Profile] = {}
    for name in profiles:
        try:
            found[name] = profiles[name]
        except InstrumentError:
            continue
    return found


def _hinted(about: Known, device: str) -> tuple[Candidate, ...]:
    confidence = SHARED if len(about.addresses) == 1 else HINTED
    return ranked(
        [Candidate(profile, address.replace("{device}", device), confidence) for profile, address in about.addresses]
    )


def host_and_port(text: str) -> tuple[str, int | None]:
    """Split ``name``, ``name:port`` or ``[IPv6]:port`` of a host that `Scope` has taken; no port is ``None``."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    return host, int(port) if port else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _target(address: str) -> str:
    """Return what two addresses share when they reach the same port: a device file, or host and port."""
    from drivers.addresses import parse_address

    try:
        parsed = parse_address(address)
    except Misconfigured:
        return address
    if parsed.target.startswith("/"):
        return os.path.realpath(parsed.target)
    return parsed.target if parsed.scheme == "visa" else parsed.target.lower()
