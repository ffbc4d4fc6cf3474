"""HiSLIP by pyvisa-py, which is not ours, to simulated instruments: by itself, and through our drivers (LXI, E1)."""

import socket
import struct
import time
from collections.abc import Iterator

import pytest
import pyvisa
from hypothesis import given
from hypothesis import strategies as st

from drivers.capabilities import ChannelSetup, MeterFunction, Multimeter, Oscilloscope
from drivers.errors import Cancelled, InstrumentRefused
from drivers.guard import Guard
from drivers.registry import open_instrument
from drivers.simulated import hislip
from drivers.simulated.bench import SimulatedBench
from drivers.simulated.endpoints import TcpEndpoint
from drivers.simulated.hislip import HEADER, HislipSession, Kind, message


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBench]:
    with SimulatedBench(directory=tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def address(bench: SimulatedBench, role: str) -> str:
    return bench.other_addresses[role][0]


def test_pyvisa_asks_clears_and_reads_the_status(at: SimulatedBench) -> None:
    manager = pyvisa.ResourceManager("@py")
    meter = manager.open_resource(address(at, "meter"), timeout=3000)
    try:
        assert meter.query("*IDN?").startswith("Keysight Technologies,34461A")
        meter.write("*CLS;*ESE 60;:CONF:VOLT:DC 10")
        assert meter.query("*ESE?;:VOLT:DC:RANG?") == "+60;+1.00000000E+01\n"
        meter.write("NONSENSE")
        assert meter.read_stb() & 0b100100 == 0b100100
        meter.clear()
        assert meter.query("SYST:ERR?").startswith("-113,")
    finally:
        meter.close()
        manager.close()


def test_drivers_reach_lxi_instruments_by_hislip(at: SimulatedBench) -> None:
    meter = open_instrument("keysight-34461a", address(at, "meter"))
    assert isinstance(meter, Multimeter)
    at.connect("meter", "TP_5V")
    assert meter.read(MeterFunction.DC_VOLTAGE, 10).quantity.value == pytest.approx(0.0, abs=1e-3)  # nothing feeds it
    meter.close()
    scope = open_instrument("rigol-ds1054z", address(at, "scope"))
    assert isinstance(scope, Oscilloscope)
    (wave,) = scope.capture([ChannelSetup(1, 1.0, probe_ratio=10.0)], span_s=1e-3, points=120_000)
    assert wave.values().size == 120_000
    scope.close()


def test_a_slow_answer_is_waited_for_and_a_hung_instrument_is_given_up(at: SimulatedBench) -> None:
    guard = Guard()
    meter = open_instrument("keysight-34461a", address(at, "meter"), guard)
    assert isinstance(meter, Multimeter)
    (_, endpoint) = at._places["meter"].endpoints
    at.pace = 1.0  # 10 power line cycles: a fifth of a second, in slices of a tenth
    try:
        began = time.monotonic()
        meter.read(MeterFunction.DC_VOLTAGE, 10)
        assert time.monotonic() - began > 0.15
    finally:
        at.pace = 0.0
    endpoint.hang = True
    guard.arm(0.4)
    with pytest.raises(Cancelled, match="ran out of time"):
        meter.read(MeterFunction.DC_VOLTAGE, 10)
    endpoint.hang = False
    guard.arm()
    assert meter.identify().startswith("Keysight")
    meter.close()


def test_a_refused_question_is_told(at: SimulatedBench) -> None:
    from drivers.scpi.link import ScpiLink

    meter = open_instrument("keysight-34461a", address(at, "meter"))
    link: ScpiLink = meter.link  # type: ignore[attr-defined]
    link._fixed["read"] = (b"NONSENSE?\n", 0.3)
    with pytest.raises(InstrumentRefused, match=r"refused 'NONSENSE\?': -113"):
        link.ask_number("read")
    meter.close()


def test_messages_in_pieces_and_out_of_order() -> None:
    heard: list[bytes] = []

    def handle(program: bytes) -> bytes:
        heard.append(program)
        return b"1\n" if program.endswith(b"?") else b""

    session = HislipSession(handle)
    assert HEADER.unpack(session.receive(message(Kind.INITIALIZE, payload=b"hislip0")))[1] == Kind.INITIALIZE_RESPONSE
    parts = message(Kind.DATA, payload=b"*ES") + message(Kind.DATA_END, 0, 7, b"E 1\n*ESE?\n")
    answers = b"".join(session.receive(parts[at : at + 5]) for at in range(0, len(parts), 5))
    assert heard == [b"*ESE 1", b"*ESE?"]
    assert answers == message(Kind.DATA_END, 0, 7, b"1\n")
    assert session.receive(message(Kind.DATA_END, payload=b"WRITE #12\n\n\n")) == b""
    assert heard[-1] == b"WRITE #12\n\n"
    assert HEADER.unpack(session.receive(struct.pack(">2sBBIQ", b"HS", 200, 0, 0, 0)))[1] == Kind.ERROR


def test_a_fatal_error_ends_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    """First messages out of order, then a program message without an end (its bound made small)."""
    monkeypatch.setattr(hislip, "MAX_MESSAGE_BYTES", 100)
    endless = message(Kind.INITIALIZE) + message(Kind.DATA, payload=b"x" * 60) * 2
    for sent in (message(Kind.DATA_END, payload=b"*IDN?\n"), b"HT" + bytes(14), endless):
        endpoint = TcpEndpoint("hislip", lambda: HislipSession(lambda _: b"never\n"))
        endpoint.start()
        with socket.create_connection((endpoint.host, endpoint.port), timeout=5) as client:
            client.sendall(sent)
            heard = b"".join(iter(lambda at=client: at.recv(4096), b""))  # until the instrument closes
        assert HEADER.unpack(heard[-HEADER.size :])[1] == Kind.FATAL_ERROR
        assert b"never" not in heard
        endpoint.stop()


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_answered_or_ignored(pieces: list[bytes]) -> None:
    session = HislipSession(lambda _: b"")
    for piece in [b"HS\0\0" + bytes(12), *pieces]:
        session.receive(piece)
        session.receive(b"HS" + piece)
