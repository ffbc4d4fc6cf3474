"""Discovery (E1): the simulated bench, scripted ports, a made-up sysfs, mDNS on loopback, and pyvisa-sim's models."""

import os
import pty
import socket
import threading
import time
import tty
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_until
from zeroconf import ServiceInfo, Zeroconf

from benchwright.commands.discover import discover as discover_command
from benchwright.errors import UsageError
from drivers.discovery import lan, serial_probe, sysfs, usb_ids
from drivers.discovery.findings import Finding
from drivers.discovery.matching import is_text, looks_like_identity
from drivers.discovery.proposal import bench_toml
from drivers.discovery.search import Scope, Search, host_and_port
from drivers.errors import Cancelled, Misconfigured
from drivers.guard import Guard
from drivers.registry import profiles
from drivers.simulated.bench import SimulatedBench
from edge_agent.bench_config import parse_bench_config

NOWHERE = Path("/nonexistent")


def search(*only: str, **scope) -> tuple[Finding, ...]:
    given = {"usb": False, "serial": False, "lan": False, "listen_s": 0.1, "sysfs": NOWHERE, **scope}
    known = {name: profiles()[name] for name in only} if only else profiles()
    return Search(Scope(**given), known).run()


def best(findings) -> dict[str, str]:
    return {one.address: one.candidates[0].profile for one in findings if one.candidates}


def test_the_simulated_bench_is_found_and_proposed_as_a_bench_toml() -> None:
    told: list[Finding] = []
    steps: list[float] = []
    with SimulatedBench(handheld_rate_hz=10) as bench:
        hosts = [a.split("::")[1:3] for _, a in bench.instruments.values() if a.startswith("TCPIP")]
        hosts += [o.partition(":")[2].partition("?")[0].split(":") for o in bench.other_addresses["supply"]]
        ports = tuple(str(bench.directory / name) for name in ("meter2", "handheld"))
        scope = Scope(False, False, False, ports, tuple(":".join(host) for host in hosts), listen_s=0.5, sysfs=NOWHERE)
        run = Search(scope, profiles(), on_finding=told.append, on_progress=lambda f, _: steps.append(f))
        found = run.run()
        expected = {
            profile: address
            for role, (profile, address) in bench.instruments.items()
            if role in ("meter", "meter2", "handheld", "scope", "generator")
        }
        assert {p: a.partition("?")[0] for a, p in best(found).items() if p != "riden-rd6006"} == expected
        assert [one.transport for one in found if best([one]) and "riden" in best([one])[one.address]] == ["modbus"]
        config = parse_bench_config(bench_toml("bench-01", found, profiles()).encode())
        assert set(config.instruments) == {"meter", "meter2", "meter3", "scope", "generator", "supply"}
        from edge_agent.rack import Rack

        with Rack(config.instruments) as rack:
            assert rack.wait_connected(20), [s.fault for s in rack.status() if not s.healthy]
    assert sorted(told, key=lambda one: one.address) == list(found)
    assert steps[-1] == 1.0


class Port:
    """The far end of a pseudo-terminal: what is sent to it is kept; it may answer, or speak by itself."""

    def __init__(self, answers: dict[bytes, bytes], says: bytes = b"") -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        self._slave = slave
        self.received = b""
        self._answers, self._says = answers, says
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Port":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2)
        os.close(self.master)
        os.close(self._slave)

    def _serve(self) -> None:
        os.set_blocking(self.master, False)
        while not self._stop.wait(0.02):
            if self._says:
                os.write(self.master, self._says)
            try:
                data = os.read(self.master, 4096)
            except BlockingIOError:
                continue
            self.received += data
            for question, answer in self._answers.items():
                if data == question:
                    os.write(self.master, answer)


@pytest.mark.parametrize(
    ("says", "note"),
    [(b"U-Boot 2024.01\r\nHit any key to stop autoboot\r\n", "console"), (bytes(range(128, 255)), "no profile knows")],
)
def test_nothing_is_sent_to_what_speaks_by_itself(says: bytes, note: str) -> None:
    with Port({}, says) as port:
        (found,) = search(ports=(port.name,))
    assert port.received == b""
    assert found.note is not None
    assert note in found.note["en"]
    assert best([found]) == ({found.address: "serial-console"} if note == "console" else {})


def test_an_unknown_instrument_that_answers_is_told_as_such() -> None:
    with Port({b"*IDN?\n": b"ACME,BlackBox 3000,1,0.1\r\n"}) as port:
        (found,) = search(ports=(port.name,))
    assert found.identity == "ACME,BlackBox 3000,1,0.1"
    assert not found.candidates
    assert "add a profile" in found.note["en"]


def test_a_port_that_does_not_exist_is_told_as_such() -> None:
    (found,) = search(ports=("/dev/nowhere",))
    assert found.note is not None
    assert "there is no such port" in found.note["en"]
    with pytest.raises(UsageError, match="there is no port /dev/nowhere; check"):
        discover_command(port=["/dev/null", "/dev/nowhere"])


def test_what_is_no_serial_port_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no port")
    for place in (str(tmp_path / "notes.txt"), str(tmp_path), "/dev/null"):
        (found,) = search(ports=(place,))
        assert found.note is not None
        assert found.note["en"] == "it is no serial port; name one such as /dev/ttyUSB0"


def test_a_korad_supply_without_a_terminator_is_recognised() -> None:
    with Port({b"*IDN?": b"KORADKA3005PV2.0"}) as port:
        (found,) = search("korad-ka3005p", "siglent-spd3303x", ports=(port.name,))
    assert best([found]) == {f"serial:{port.name}": "korad-ka3005p"}
    assert found.confidence == 1.0


def test_only_queries_that_change_nothing_are_sent_to_a_silent_port(monkeypatch: pytest.MonkeyPatch, edited) -> None:
    monkeypatch.setattr(serial_probe, "ANSWER_S", 0.05)
    for name, timeout_s in {"riden-rd6006": 1, "korad-ka3005p": 1, "juntek-jds6600": 1, "feeltech-fy6900": 1.5}.items():
        edited(name, f"\ntimeout_s: {timeout_s}\n", "\ntimeout_s: 0.05\n")
    with Port({}) as port:
        (found,) = search(ports=(port.name,))
    harmless = (
        b"*IDN?\r\n", b"*IDN?\n", b"*IDN?", b"QDDA\r", b"ID\r", b"UMO\n", b":r00=0.\r\n", b":r00=.\r\n",
        bytes.fromhex("00008666"), bytes.fromhex("abcd035e01d9"), bytes.fromhex("abcd035f01da"),
    )  # fmt: skip
    rest = port.received
    assert b"\x01\x03\x00\x00" in rest  # Modbus: read holding registers
    for one in sorted(harmless, key=len, reverse=True):
        rest = rest.replace(one, b"")
    while rest.startswith(b"\x01\x03"):
        rest = rest[8:]
    assert rest == b""
    assert not found.candidates


# -- the system's own knowledge of USB devices -------------------------------------------------------------------------


@contextmanager
def usb_tree(root: Path, *devices: tuple[str, str, str, str, str]):
    """Write a sysfs with (bus name, vendor, product, class folder, device name), as Linux lays it out."""
    for bus, vendor, product, kind, name in devices:
        device = root / "devices/pci/usb1" / bus
        interface = device / f"{bus}:1.0"
        interface.mkdir(parents=True)
        (device / "idVendor").write_text(f"{vendor}\n")
        (device / "idProduct").write_text(f"{product}\n")
        (device / "product").write_text("Some Product\n")
        (device / "serial").write_text("SN1\n")
        (interface / "bInterfaceClass").write_text("fe\n" if kind == "usbtmc" else "ff\n")
        (interface / "bInterfaceSubClass").write_text("03\n" if kind == "usbtmc" else "00\n")
        (root / "bus/usb/devices").mkdir(parents=True, exist_ok=True)
        (root / "bus/usb/devices" / bus).symlink_to(device)
        if kind != "usbtmc":
            (root / "class" / kind / name).mkdir(parents=True)
            (root / "class" / kind / name / "device").symlink_to(interface)
    yield root


def test_a_port_that_belongs_to_a_programmer_or_board_is_never_opened(tmp_path: Path) -> None:
    with Port({b"*IDN?\n": b"OWON,XDM1041,1,V4,3\r\n"}) as port:
        link = Path("/dev") / "nothing"
        with usb_tree(
            tmp_path, ("1-1", "0483", "374b", "tty", "ttyACM0"), ("1-2", "2341", "0043", "tty", "ttyACM1")
        ) as root:
            found = search(serial=True, usb=True, sysfs=root)
        assert not link.exists()
        assert {one.address for one in found} >= {"serial:/dev/ttyACM0", "serial:/dev/ttyACM1"}
        assert all("left alone" in one.note["en"] for one in found if one.transport == "serial")
        probe = next(one for one in found if one.transport == "usb")
        assert (probe.candidates[0].profile, probe.confidence) == ("openocd", 0.6)
        assert port.received == b""


def test_serial_ports_are_known_by_what_is_above_them(tmp_path: Path) -> None:
    with usb_tree(
        tmp_path,
        ("1-1.2", "10c4", "ea60", "tty", "ttyUSB0"),
        ("1-1.3", "1a86", "7523", "tty", "ttyUSB10"),
        ("1-4", "dead", "beef", "tty", "ttyUSB2"),
    ) as root:
        files = sysfs.serial_ports(root)
    assert [(f.path, f"{f.usb.vendor:04x}:{f.usb.product:04x}") for f in files if f.usb] == [
        ("/dev/ttyUSB0", "10c4:ea60"), ("/dev/ttyUSB2", "dead:beef"), ("/dev/ttyUSB10", "1a86:7523"),
    ]  # fmt: skip
    assert usb_ids.known(0xDEAD, 0xBEEF) is None
    assert usb_ids.known(0x10C4, 0xEA60).kind is usb_ids.Kind.BRIDGE


def test_a_usbtmc_instrument_is_asked_through_visa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model.yaml"
    model.write_text(
        "spec: '1.1'\nresources:\n  USB0::0x1AB1::0x09C4::SN1::INSTR: {device: meter}\ndevices:\n  meter:\n"
        '    eom: {USB INSTR: {q: "\\n", r: "\\n"}}\n    error: ERROR\n    dialogues:\n'
        "      - {q: '*IDN?', r: 'RIGOL TECHNOLOGIES,DM3058E,DM3R000000000,01.01.00.02.02.00'}\n"
    )
    monkeypatch.setenv("BENCHWRIGHT_VISA_LIBRARY", f"{model}@sim")
    with usb_tree(tmp_path / "sys", ("1-1", "1ab1", "09c4", "usbtmc", "")) as root:
        (found,) = search(usb=True, sysfs=root)
    assert best([found]) == {"USB0::0x1AB1::0x09C4::SN1::INSTR": "rigol-dm3058"}
    assert found.confidence == 1.0


def test_a_usbtmc_instrument_that_cannot_be_asked_is_known_by_its_id(tmp_path: Path) -> None:
    with usb_tree(tmp_path, ("1-1", "1ab1", "0642", "usbtmc", "")) as root:
        (found,) = search(usb=True, sysfs=root)
    assert best([found]) == {"USB0::0x1AB1::0x0642::SN1::INSTR": "rigol-dg1032z"}
    assert found.confidence < 0.8
    assert "USB id" in found.note["en"]


def test_every_profile_that_a_usb_id_names_exists() -> None:
    named = {profile for known in usb_ids.USB_IDS.values() for profile, _ in known.addresses}
    assert named <= set(profiles())


# -- the network -------------------------------------------------------------------------------------------------------


@contextmanager
def announced(service: str, port: int, host: str, **texts: str):
    info = ServiceInfo(
        f"{service}.local.",
        f"{service} at {host}.{service}.local.",
        addresses=[socket.inet_aton(host)],
        port=port,
        properties=texts,
        server=f"{service}.local.",
    )
    zeroconf = Zeroconf(interfaces=["127.0.0.1"])
    try:
        zeroconf.register_service(info, cooperating_responders=True)  # no second to look whether the name is free
        yield
    finally:
        zeroconf.close()


def both(found: tuple[Finding, ...]) -> tuple[Finding, ...] | None:
    return found if len(found) == 2 else None


def test_an_instrument_that_announces_itself_is_asked_and_the_announcement_alone_is_a_candidate_too() -> None:
    texts = {"Manufacturer": "Siglent Technologies", "Model": "SDG1032X", "SerialNumber": "1", "FirmwareVersion": "1"}
    with SimulatedBench() as bench:
        _, address = bench.instruments["meter"]
        port = int(address.split("::")[2])
        with announced("_scpi-raw._tcp", port, "127.0.0.1"), announced("_lxi._tcp", 80, "127.0.0.2", **texts):
            # Multicast may be lost, and a busy machine announces late: who misses an instrument searches again.
            asked, told = wait_until(
                lambda: both(search(lan=True, browse_s=2.0, interfaces=("127.0.0.1",))), "both are found"
            )
    assert best([asked]) == {address: "keysight-34461a"}
    assert "_scpi-raw._tcp at 127.0.0.1" in asked.place
    assert told.confidence == 0.9
    assert set(best([told]).values()) == {"siglent-sdg1032x"}


def test_what_is_in_use_is_left_alone() -> None:
    with SimulatedBench() as bench, Port({}) as port:
        _, address = bench.instruments["meter"]
        host = ":".join(address.split("::")[1:3])
        found = search(
            hosts=(host,), ports=(port.name,), in_use={address: "meter", f"serial:{port.name}?baud=9600": "supply"}
        )
    assert {one.in_use for one in found} == {"meter", "supply"}
    assert not best(found)
    assert port.received == b""


def test_a_cancelled_search_ends_at_once_and_sends_nothing_more() -> None:
    with Port({}) as port:
        run = Search(Scope(False, False, False, (port.name,), listen_s=20, sysfs=NOWHERE), profiles())
        timer = threading.Timer(0.3, run.cancel)
        timer.start()
        began = time.monotonic()
        run.run()
        assert time.monotonic() - began < 10, "it listened to the end"
        assert port.received == b""
    guard = Guard()
    guard.cancel()
    with pytest.raises(Cancelled):
        lan.ask_host("127.0.0.1", (1,), profiles(), guard)


def test_hosts_that_are_none() -> None:
    with pytest.raises(Misconfigured, match="is no host"):
        Scope(hosts=("a b",))
    for host in ("10.0.0.1:0", "[::1]:0", "scope:65536"):
        with pytest.raises(Misconfigured, match="ports are 1 to 65535"):
            Scope(hosts=(host,))


def test_a_host_and_its_port() -> None:
    assert host_and_port("scope.local") == ("scope.local", None)
    assert host_and_port("10.0.0.1:5025") == ("10.0.0.1", 5025)
    assert host_and_port("[fe80::1]") == ("fe80::1", None)
    assert host_and_port("[fe80::1]:5025") == ("fe80::1", 5025)


def test_words_of_instruments_and_words_of_consoles() -> None:
    assert looks_like_identity("A,B,C,D")
    assert not looks_like_identity("login: ")
    assert is_text(b"[    0.000000] Booting Linux on physical CPU 0x0\r\n")
    assert not is_text(bytes(range(0x80, 0xA0)) * 4)
    assert not is_text(b"\x30\x31\x30\x31\x30\x31\x30\x31\x3b\x30\x32\x30\r\n" * 3)
