"""Transports on real sockets and pseudo-terminals: what arrives, what ends a wait, what an unplugged port says."""

import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lateness import ends_within
from scripted_server import CLOSE, HANG, Late, PtyInstrument, ScriptedInstrument, SocketInstrument
from waiting import PATIENCE_S

from drivers.addresses import parse_address
from drivers.errors import BadResponse, Cancelled, ConnectionLost, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.profile_base import SerialLine
from drivers.transports.serial_port import SerialStream, line_settings
from drivers.transports.stream import ByteStream
from drivers.transports.tcp import TcpStream
from drivers.transports.visa import VisaStream


def tcp(instrument: ScriptedInstrument, guard: Guard) -> ByteStream:
    assert isinstance(instrument, SocketInstrument)
    return TcpStream.open("127.0.0.1", instrument.port, label="meter", guard=guard)


def serial(instrument: ScriptedInstrument, guard: Guard) -> ByteStream:
    assert isinstance(instrument, PtyInstrument)
    return SerialStream.open(instrument.device, SerialLine(baud=115200), label="meter", guard=guard)


def visa_socket(instrument: ScriptedInstrument, guard: Guard) -> ByteStream:
    assert isinstance(instrument, SocketInstrument)
    return VisaStream.open(instrument.address, SerialLine(), label="meter", guard=guard)


def visa_serial(instrument: ScriptedInstrument, guard: Guard) -> ByteStream:
    assert isinstance(instrument, PtyInstrument)
    return VisaStream.open(f"ASRL{instrument.device}::INSTR", SerialLine(), label="meter", guard=guard)


Opener = Callable[[ScriptedInstrument, Guard], ByteStream]
CARRIERS = pytest.mark.parametrize(
    ("instrument_type", "opener"),
    [
        pytest.param(SocketInstrument, tcp, id="tcp"),
        pytest.param(PtyInstrument, serial, id="serial"),
        pytest.param(SocketInstrument, visa_socket, id="visa-socket"),
        pytest.param(PtyInstrument, visa_serial, id="visa-serial"),
    ],
)


@CARRIERS
def test_lines_and_binary_data_arrive_whole(instrument_type: type[ScriptedInstrument], opener: Opener) -> None:
    block = bytes(range(256)) * 40
    script = [("A?", "first\nsecond"), ("B?", block), ("C?", "tail")]
    with instrument_type(script) as instrument:
        stream = opener(instrument, Guard())
        stream.write(b"A?\n")
        assert stream.read_until(b"\n", 2) == b"first"
        assert stream.read_until(b"\n", 2) == b"second"
        stream.write(b"B?\n")
        data = bytearray(len(block))
        stream.read_exactly(memoryview(data), 2)
        assert data == block
        stream.write(b"C?\n")
        assert stream.read_until(b"\n", 2) == b"tail"
        stream.close()
        instrument.finish()


@CARRIERS
def test_a_silent_instrument_is_no_response_and_a_cut_answer_is_bad(
    instrument_type: type[ScriptedInstrument], opener: Opener
) -> None:
    with instrument_type([("A?", HANG), ("B?", b"+1.0"), ("C?", b"1234")]) as instrument:
        stream = opener(instrument, Guard())
        stream.write(b"A?\n")
        with pytest.raises(NoResponse, match=r"meter did not answer within 0\.1 s"):
            stream.read_until(b"\n", 0.1)
        stream.write(b"B?\n")
        with pytest.raises(BadResponse, match=r"middle of an answer .4 bytes starting b'\+1\.0'"):
            stream.read_until(b"\n", 0.1)
        stream.write(b"C?\n")
        with pytest.raises(BadResponse, match="broke off after 4 of 10 bytes"):
            stream.read_exactly(memoryview(bytearray(10)), 0.1)
        stream.close()


@CARRIERS
def test_cancel_ends_a_blocked_read_and_nothing_is_sent_afterwards(
    instrument_type: type[ScriptedInstrument], opener: Opener
) -> None:
    with instrument_type([("A?", HANG)]) as instrument:
        guard = Guard()
        guard.arm()
        stream = opener(instrument, guard)
        stream.write(b"A?\n")
        ended = threading.Event()
        started = threading.Event()

        def read() -> None:
            started.set()
            with pytest.raises(Cancelled):
                stream.read_until(b"\n", 30)
            ended.set()

        reader = threading.Thread(target=read)
        reader.start()
        started.wait()
        time.sleep(0.05)
        with ends_within(0.25):  # a slice is 20 ms; the rest is for a loaded machine
            guard.cancel()
            assert ended.wait(PATIENCE_S)
        reader.join(PATIENCE_S)
        with pytest.raises(Cancelled):
            stream.write(b"B?\n")
        time.sleep(0.05)
        assert bytes(instrument.received) == b"A?\n"
        stream.close()


@CARRIERS
def test_a_deadline_ends_the_wait(instrument_type: type[ScriptedInstrument], opener: Opener) -> None:
    with instrument_type([("A?", HANG)]) as instrument:
        guard = Guard()
        stream = opener(instrument, guard)
        guard.arm(0.2)
        stream.write(b"A?\n")
        with ends_within(0.6), pytest.raises(Cancelled, match="ran out of time"):
            stream.read_until(b"\n", 30)
        stream.close()


@CARRIERS
def test_an_unplugged_instrument_is_connection_lost_until_reopened(
    instrument_type: type[ScriptedInstrument], opener: Opener
) -> None:
    with instrument_type([("A?", CLOSE)]) as instrument:
        stream = opener(instrument, Guard())
        stream.write(b"A?\n")
        with pytest.raises((ConnectionLost, NoResponse)) as raised:
            stream.read_until(b"\n", 0.5)
        # pyvisa-py's socket reads an end of file as silence for ever; all others tell.
        assert raised.type is (NoResponse if opener is visa_socket else ConnectionLost)
        if opener is not visa_socket:
            with pytest.raises(ConnectionLost, match="is gone"):
                stream.write(b"A?\n")
        stream.close()
        stream.close()
        with pytest.raises(ConnectionLost, match=r"is (closed|gone .*); (check power and cable, then )?open it again"):
            stream.write(b"A?\n")


def test_a_port_where_nobody_listens_or_no_device_is_says_so() -> None:
    with SocketInstrument([]) as gone:
        port = gone.port
    with pytest.raises(ConnectionLost, match=r"meter cannot be reached .Connection refused.; check"):
        TcpStream.open("127.0.0.1", port, label="meter", guard=Guard())
    with pytest.raises(ConnectionLost, match=r"'no-such-host\.invalid' is not known"):
        TcpStream.open("no-such-host.invalid", port, label="meter", guard=Guard())
    with pytest.raises(ConnectionLost, match="there is no such port"):
        SerialStream.open("/dev/ttyNOPE", SerialLine(), label="meter", guard=Guard())
    with pytest.raises(ConnectionLost, match="meter cannot be opened"):
        VisaStream.open("ASRL/dev/ttyNOPE::INSTR", SerialLine(), label="meter", guard=Guard())
    with pytest.raises(Misconfigured, match=r"the VISA library '/no/such\.so' cannot be used"):
        VisaStream.open("ASRL1::INSTR", SerialLine(), label="meter", guard=Guard(), library="/no/such.so")


def test_a_serial_port_is_exclusive_and_free_again_after_close() -> None:
    with PtyInstrument([]) as instrument:
        stream = serial(instrument, Guard())
        with pytest.raises(ConnectionLost, match="another program holds the port"):
            serial(instrument, Guard())
        stream.close()
        serial(instrument, Guard()).close()


def test_modem_lines_are_tolerated_where_there_are_none() -> None:
    with PtyInstrument([("A?", "yes")]) as instrument:
        line = SerialLine(baud=19200, data_bits=7, parity="O", dtr=True, rts=False)
        stream = SerialStream.open(instrument.device, line, label="meter", guard=Guard())
        stream.write(b"A?\n")
        assert stream.read_until(b"\n", 2) == b"yes"
        stream.close()


def test_drain_throws_away_what_arrived_before() -> None:
    with SocketInstrument([("A?", "late"), ("B?", "right")]) as instrument:
        stream = tcp(instrument, Guard())
        stream.write(b"A?\n")
        instrument_has_answered = time.monotonic() + 2
        dropped = 0
        while not dropped and time.monotonic() < instrument_has_answered:
            dropped = stream.drain()
        assert dropped == len(b"late\n")
        stream.write(b"B?\n")
        assert stream.read_until(b"\n", 2) == b"right"
        stream.close()


def test_an_endless_line_is_refused_within_its_bound() -> None:
    with SocketInstrument([("A?", b"\x00" * 300_000)]) as instrument:
        stream = tcp(instrument, Guard())
        stream.write(b"A?\n")
        with pytest.raises(BadResponse, match="more than 100000 bytes without the end of a line"):
            stream.read_until(b"\n", 1, max_bytes=100_000)
        stream.close()


def test_an_instrument_that_takes_nothing_more_does_not_block_for_ever() -> None:
    with PtyInstrument([]) as instrument:
        stream = serial(instrument, Guard())
        instrument.stop()
        guard_ends = 0.3
        stream.guard.arm(guard_ends)
        with pytest.raises(Cancelled):
            stream.write(b"x" * 1_000_000)
        stream.close()


def test_a_late_reply_is_within_the_silence_allowed() -> None:
    with SocketInstrument([("A?", Late(0.2, "here"))]) as instrument:
        stream = tcp(instrument, Guard())
        stream.write(b"A?\n")
        assert stream.read_until(b"\n", 2) == b"here"
        stream.close()


def test_closing_from_another_thread_ends_a_read() -> None:
    with SocketInstrument([]) as instrument:
        stream = tcp(instrument, Guard())
        closer = threading.Timer(0.1, stream.close)
        closer.start()
        with pytest.raises(ConnectionLost, match="is closed"):
            stream.read_until(b"\n", 10)
        closer.join()


def test_line_settings_come_from_profile_address_and_options() -> None:
    line = SerialLine(baud=9600)
    options = {"parity": "E", "ambient_c": 20}
    merged = line_settings(line, parse_address("serial:/dev/ttyUSB0?baud=115200&rts=true"), options)
    assert (merged.baud, merged.parity, merged.rts) == (115200, "E", True)
    assert options == {"ambient_c": 20}
    with pytest.raises(Misconfigured, match="correct the options of the serial line"):
        line_settings(line, parse_address("serial:/dev/ttyUSB0?baud=fast"), {})
    with pytest.raises(Misconfigured, match="unknown field `bauds`"):
        line_settings(line, parse_address("serial:/dev/ttyUSB0?bauds=9600"), {})


@pytest.mark.parametrize(
    ("text", "scheme", "target"),
    [
        ("TCPIP::192.0.2.1::5025::SOCKET", "tcp", "192.0.2.1:5025"),
        ("TCPIP0::meter.local::5025::SOCKET", "tcp", "meter.local:5025"),
        ("TCPIP::192.0.2.1::INSTR", "visa", "TCPIP::192.0.2.1::INSTR"),
        ("USB0::0x1AB1::0x04CE::DS1ZA000::INSTR", "visa", "USB0::0x1AB1::0x04CE::DS1ZA000::INSTR"),
        ("ASRL/dev/ttyUSB0::INSTR", "visa", "ASRL/dev/ttyUSB0::INSTR"),
        ("serial:/dev/ttyUSB0", "serial", "/dev/ttyUSB0"),
        ("modbus-tcp:192.0.2.1:502?unit=2", "modbus-tcp", "192.0.2.1:502"),
        ("flashrom:dummy:emulate=W25Q128FV,image=/x?y", "flashrom", "dummy:emulate=W25Q128FV,image=/x?y"),
    ],
)
def test_addresses(text: str, scheme: str, target: str) -> None:
    address = parse_address(text)
    assert (address.scheme, address.target) == (scheme, target)


@pytest.mark.parametrize("text", ["", "meter", "telnet:host", "serial:", "TCPIP::host::99999::SOCKET"])
def test_what_is_no_address_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"(is no instrument address; write|the port must be)"):
        parse_address(text)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_is_leaked_by_opening_and_closing() -> None:
    with SocketInstrument([]) as instrument:
        before = descriptors()
        for _ in range(20):
            tcp(instrument, Guard()).close()
        assert descriptors() <= before + 2


def test_an_answer_that_came_while_this_process_stood_still_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long the wait has lasted in the end is no property of the instrument."""
    with SocketInstrument([("A?", "answer")]) as instrument:
        stream = tcp(instrument, Guard())
        assert isinstance(stream, TcpStream)
        look, looks = stream._receive, 0

        def stands_still(into: memoryview, wait_s: float, terminator: int | None) -> int:
            nonlocal looks
            looks += 1
            if looks > 1:
                return look(into, wait_s, terminator)
            assert select.select([stream._socket], [], [], 20.0)[0]  # has come after the look, and time is over
            time.sleep(0.02)
            return 0

        monkeypatch.setattr(stream, "_receive", stands_still)
        stream.write(b"A?\n")
        assert stream.read_until(b"\n", 0.01) == b"answer"
        stream.close()
