"""What goes wrong between a SCPI driver and its instrument, on real sockets and pseudo-terminals."""

import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lateness import ends_within
from scripted_server import CLOSE, HANG, Exchange, Late, PtyInstrument, ScriptedInstrument, SocketInstrument
from transcripts_scopes import BEGIN, EDGE, ONE, PREAMBLE, SETUP, set_up
from waiting import PATIENCE_S, wait_until

from drivers.capabilities import (
    ChannelSetup,
    MeterFunction,
    Multimeter,
    Oscilloscope,
    SignalGenerator,
    Slope,
    TriggerSetup,
    Wave,
)
from drivers.errors import (
    BadResponse,
    Cancelled,
    ConnectionLost,
    InstrumentRefused,
    Misconfigured,
    NoResponse,
    OutOfRange,
    WrongIdentity,
)
from drivers.guard import Guard
from drivers.registry import open_instrument
from drivers.scpi.link import ScpiLink

METER = "keysight-34461a"
IDENTITY = "Keysight Technologies,34461A,MY53220001,A.03.03"
OPENING: list[Exchange] = [("*IDN?", IDENTITY), ("*CLS", None)]
NO_ERROR: Exchange = ("SYST:ERR?", '+0,"No error"')
DC10: list[Exchange] = [("CONF:VOLT:DC 10", None), NO_ERROR]
RESYNCHRONISED: list[Exchange] = [(b"\n*IDN?\n", IDENTITY), ("*CLS", None)]


def opened(server: ScriptedInstrument, guard: Guard | None = None, **options: Any) -> Multimeter:
    meter = open_instrument(METER, server.address, guard, **options)  # type: ignore[attr-defined]
    assert isinstance(meter, Multimeter)
    return meter


def impatient(meter: Multimeter) -> None:
    """Make the profile's 10 s for an answer shorter, so that the tests need not wait them."""
    link: ScpiLink = meter.link  # type: ignore[attr-defined]
    object.__setattr__(link, "profile", _with_timeout(link.profile))


def _with_timeout(profile: Any) -> Any:
    return msgspec.structs.replace(profile, timeout_s=0.2)


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        ("RIGOL,DS1054Z,DS1Z,1", WrongIdentity, "'RIGOL,DS1054Z,DS1Z,1', which is not a Keysight 34461A"),
        ("", WrongIdentity, "answers '', which is not"),
        (b"\xff\xfe\x80\n", BadResponse, "no ASCII text .* check the baud rate"),
        (b"Keysight Techno", BadResponse, "broke off in the middle of an answer"),
        (HANG, NoResponse, "did not answer within 2 s"),
        (CLOSE, ConnectionLost, "is gone"),
    ],
)  # fmt: skip
def test_opening_what_is_not_the_instrument(answer: object, error: type[Exception], match: str) -> None:
    with SocketInstrument([("*IDN?", answer)]) as server, pytest.raises(error, match=match) as raised:
        opened(server)
    assert str(raised.value).startswith("keysight-34461a at TCPIP::127.0.0.1::")


def test_every_error_frees_the_port_again() -> None:
    with PtyInstrument([("*IDN?", "someone,else,1,2"), ("*IDN?", "OWON,XDM1041,1,V1,3")]) as port:
        with pytest.raises(WrongIdentity):
            open_instrument("owon-xdm1041", port.address)
        open_instrument("owon-xdm1041", port.address).close()


def test_the_family_shares_the_profile() -> None:
    for identity in (
        "Keysight, 34465A, 1000, A.02.16-02.40-02.16-00.51-03-01",
        "Agilent Technologies,34460A,MY1,A.01",
        "Keysight Technologies,34470A,MY1,A.01",
    ):
        with SocketInstrument([("*IDN?", identity), ("*CLS", None)]) as server:
            meter = opened(server)
            meter.close()
            server.finish()


def test_a_request_out_of_range_sends_nothing() -> None:
    with SocketInstrument(OPENING) as server:
        meter = opened(server)
        with pytest.raises(OutOfRange, match=r"no range of 20 V for dc_voltage; it has 0\.1, 1, 10, 100, 1000"):
            meter.read(MeterFunction.DC_VOLTAGE, 20)
        with pytest.raises(OutOfRange, match="cannot measure duty_cycle; it has"):
            meter.read(MeterFunction.DUTY_CYCLE)
        meter.close()
        server.finish()


def test_the_error_queue_is_read_to_its_end_and_told() -> None:
    script: list[Exchange] = [
        *OPENING,
        ("CONF:VOLT:DC 10", None),
        ("SYST:ERR?", '-221,"Settings conflict"'),
        ("SYST:ERR?", '-222,"Data out of range"'),
        NO_ERROR,
    ]
    with SocketInstrument(script) as server:
        meter = opened(server)
        with pytest.raises(InstrumentRefused, match='refused: -221,"Settings conflict"; -222,"Data out of range"'):
            meter.read(MeterFunction.DC_VOLTAGE, 10)
        meter.close()
        server.finish()


def test_a_late_answer_is_never_taken_for_the_next_one() -> None:
    late = "+9.99000000E+00"
    script: list[Exchange] = [
        *OPENING,
        *DC10,
        ("READ?", Late(0.5, late)),
        (b"\n*IDN?\n", IDENTITY),  # is it there, and did it refuse the question?
        NO_ERROR,
        *DC10,
        ("READ?", "+3.30000000E+00"),
    ]
    with SocketInstrument(script) as server:
        meter = opened(server)
        impatient(meter)
        with pytest.raises(NoResponse):
            meter.read(MeterFunction.DC_VOLTAGE, 10)
        assert meter.read(MeterFunction.DC_VOLTAGE, 10).quantity.value == 3.3
        meter.close()
        server.finish()


def test_a_question_that_the_instrument_refuses_is_told_with_its_reason() -> None:
    script: list[Exchange] = [
        *OPENING,
        *DC10,
        ("READ?", None),
        (b"\n*IDN?\n", IDENTITY),
        ("SYST:ERR?", '-113,"Undefined header"'),
        *DC10,
        ("READ?", "+3.30000000E+00"),
    ]
    with SocketInstrument(script) as server:
        meter = opened(server)
        impatient(meter)
        with pytest.raises(InstrumentRefused, match=r"refused 'READ\?': -113,\"Undefined header\""):
            meter.read(MeterFunction.DC_VOLTAGE, 10)
        assert meter.read(MeterFunction.DC_VOLTAGE, 10).quantity.value == 3.3
        meter.close()
        server.finish()


def test_after_a_cancelled_step_nothing_is_sent_and_the_next_one_starts_clean() -> None:
    script: list[Exchange] = [
        *OPENING,
        *DC10,
        ("READ?", HANG),
        *RESYNCHRONISED,
        ("CONF:RES 1000", None),
        NO_ERROR,
        ("READ?", "+1.00000000E+02"),
    ]
    with SocketInstrument(script) as server:
        guard = Guard()
        meter = opened(server, guard)
        guard.arm()
        failure: list[BaseException] = []

        def step() -> None:
            try:
                meter.read(MeterFunction.DC_VOLTAGE, 10)
            except Cancelled as error:
                failure.append(error)

        worker = threading.Thread(target=step)
        worker.start()
        wait_until(lambda: server.step >= 5, "the meter hangs in its measurement")
        guard.cancel()
        received = len(server.received)
        worker.join(PATIENCE_S)
        assert failure
        time.sleep(0.1)
        assert len(server.received) == received
        with pytest.raises(Cancelled):
            meter.read(MeterFunction.RESISTANCE, 1000)
        assert len(server.received) == received
        guard.arm()
        assert meter.read(MeterFunction.RESISTANCE, 1000).quantity.value == 100.0
        meter.close()
        server.finish()


def test_a_step_with_half_a_second_ends_within_six_tenths_on_a_hung_instrument() -> None:
    with SocketInstrument([*OPENING, *DC10, ("READ?", HANG)]) as server:
        guard = Guard()
        meter = opened(server, guard)
        guard.arm(0.5)
        with ends_within(0.6), pytest.raises(Cancelled, match="ran out of time"):
            meter.read(MeterFunction.DC_VOLTAGE, 10)
        meter.close()


def test_what_is_no_number_is_a_bad_response() -> None:
    with SocketInstrument([*OPENING, *DC10, ("READ?", "overflow"), *RESYNCHRONISED]) as server:
        meter = opened(server)
        with pytest.raises(BadResponse, match=r"asked 'READ\?': expected a number, found 'overflow'"):
            meter.read(MeterFunction.DC_VOLTAGE, 10)
        meter.identify()
        meter.close()


def test_an_instrument_that_was_unplugged_works_again_when_it_is_opened_again() -> None:
    script: list[Exchange] = [*OPENING, *DC10, ("READ?", CLOSE)]
    with SocketInstrument(script) as server:
        meter = opened(server)
        with pytest.raises(ConnectionLost, match=r"is gone .*; check power and cable"):
            meter.read(MeterFunction.DC_VOLTAGE, 10)
        with pytest.raises(ConnectionLost):
            meter.identify()
        meter.close()
    with SocketInstrument([*OPENING, *DC10, ("READ?", "+1.0")]) as server:
        again = opened(server)
        assert again.read(MeterFunction.DC_VOLTAGE, 10).quantity.value == 1.0
        again.close()


def test_a_serial_port_that_is_pulled_out() -> None:
    with PtyInstrument([("*IDN?", "OWON,XDM1041,1,V1,3"), ("CONF:RES AUTO", CLOSE)]) as port:
        meter = open_instrument("owon-xdm1041", port.address)
        assert isinstance(meter, Multimeter)
        with pytest.raises(ConnectionLost, match=r"owon-xdm1041 at serial:.* is gone"):
            meter.read(MeterFunction.RESISTANCE)
        meter.close()


def test_a_truncated_block_is_told_and_the_scope_is_usable_afterwards() -> None:
    with SocketInstrument([]) as server:
        identity = "RIGOL TECHNOLOGIES,DS1054Z,DS1ZA1,00.04.04"
        server.script = [
            ("*IDN?", identity),
            ("*CLS", None),
            *[one if one[0] != ":ACQ:MDEP 600000" else (":ACQ:MDEP AUTO", None) for one in BEGIN],
            (":SING", None),
            (":TRIG:STAT?", "TD"),
            (":TRIG:STAT?", "STOP"),
            (":WAV:SOUR CHAN1", None),
            (":WAV:MODE RAW", None),
            (":WAV:FORM BYTE", None),
            (":WAV:PRE?", PREAMBLE),
            (":WAV:STAR 1", None),
            (":WAV:STOP 250000", None),
            (":WAV:DATA?", b"#9000250000" + b"\x80" * 1000),
            (b"\n*IDN?\n", identity),
        ]
        scope = open_instrument("rigol-ds1054z", server.address)
        assert isinstance(scope, Oscilloscope)
        link: ScpiLink = scope.link  # type: ignore[attr-defined]
        commands = dict(link.profile.commands)
        commands["wave_data"] = msgspec.structs.replace(commands["wave_data"], timeout_s=0.2)
        link.profile = msgspec.structs.replace(link.profile, commands=commands)
        scope.profile = link.profile  # type: ignore[attr-defined]
        with pytest.raises(BadResponse, match="broke off in the middle of a block of 250000 bytes, 249001 missing"):
            scope.capture([SETUP], span_s=0.02, trigger=TriggerSetup(1, 1.65, Slope.FALLING))
        assert "DS1054Z" in scope.identify()
        scope.close()
        server.finish()


def test_a_block_that_announces_too_much_is_refused_before_memory_is_taken() -> None:
    identity = "RIGOL TECHNOLOGIES,DS1054Z,DS1ZA1,1"
    with SocketInstrument([("*IDN?", identity), ("*CLS", None), (":WAV:DATA?", b"#9999999999")]) as server:
        scope = open_instrument("rigol-ds1054z", server.address)
        link: ScpiLink = scope.link  # type: ignore[attr-defined]
        with pytest.raises(BadResponse, match="announces 999999999 bytes but at most"):
            link.ask_block("wave_data")
        scope.close()


def test_misspelt_profiles_addresses_and_transports_are_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"there is no driver profile 'keysight-34461'; there are .*flashrom"):
        open_instrument("keysight-34461", "TCPIP::127.0.0.1::1::SOCKET")
    with pytest.raises(Misconfigured, match="not reached like that; write for example TCPIP::"):
        open_instrument(METER, "modbus-tcp:127.0.0.1")
    with pytest.raises(Misconfigured, match=f"the folder of profiles {tmp_path}/none does not exist"):
        open_instrument(METER, "TCPIP::127.0.0.1::1::SOCKET", profile_folder=tmp_path / "none")


def test_safe_state_goes_out_first_even_after_a_cut_off_operation() -> None:
    script: list[Exchange] = [
        ("*IDN?", "Rigol Technologies,DG812,DG8A1,00.02"),
        ("*CLS", None),
        (":OUTP1:LOAD?", HANG),
        (b"\n:OUTP1 OFF\n", None),
        (":OUTP2 OFF", None),
        (b"\n*IDN?\n", "Rigol Technologies,DG812,DG8A1,00.02"),
        ("*CLS", None),
        ("*IDN?", "Rigol Technologies,DG812,DG8A1,00.02"),
    ]
    with SocketInstrument(script) as server:
        guard = Guard()
        generator = open_instrument("rigol-dg812", server.address, guard)
        assert isinstance(generator, SignalGenerator)
        guard.arm(0.1)
        with pytest.raises(Cancelled):
            generator.configure(1, Wave.SINE, frequency_hz=1e3, amplitude_vpp=1)
        guard.arm()
        generator.safe_state()
        generator.close()
        server.finish()


def test_a_capture_that_is_cancelled_while_it_waits_for_its_trigger_ends_at_once() -> None:
    script: list[Exchange] = [
        ("*IDN?", "RIGOL TECHNOLOGIES,DS1054Z,DS1ZA1,00.04.04"),
        ("*CLS", None),
        *set_up(ONE, "0.002", "AUTO", [*EDGE[:1], ":TRIG:EDG:SLOP POS", *EDGE[2:]], {1: "1"}, "2e-3"),
        (":SING", None),
        *[(":TRIG:STAT?", "WAIT")] * 1000,
    ]
    with SocketInstrument(script) as server:
        guard = Guard()
        scope = open_instrument("rigol-ds1054z", server.address, guard)
        assert isinstance(scope, Oscilloscope)
        guard.arm(0.5)
        with ends_within(0.6), pytest.raises(Cancelled):
            scope.capture([SETUP], span_s=0.02, trigger=TriggerSetup(1, 1.65))
        with pytest.raises(Cancelled):
            scope.capture([ChannelSetup(1, 1.0)], span_s=0.02)
        scope.close()
