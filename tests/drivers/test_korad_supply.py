"""The Korad supply on a pseudo-terminal: answers without terminators, stray bytes, protection, wrong instrument."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from scripted_server import HANG, Exchange, PtyInstrument

from drivers.capabilities import PowerSupply
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, OutOfRange, WrongIdentity
from drivers.registry import open_instrument

KORAD = "korad-ka3005p"
OPENING: Exchange = (b"*IDN?", b"KORADKA3005PV2.0")


@contextmanager
def running(*script: Exchange, opening: Exchange = OPENING) -> Iterator[PowerSupply]:
    with PtyInstrument([opening, *script]) as port:
        supply = open_instrument(KORAD, port.address)
        assert isinstance(supply, PowerSupply)
        try:
            yield supply
        finally:
            supply.close()
        port.finish()


def test_setting_reads_back_in_spite_of_the_stray_byte_after_the_current() -> None:
    with running(
        (b"ISET1:1.250", None), (b"VSET1:05.00", None), (b"VSET1?", b"05.00"), (b"ISET1?", b"1.250K"),
        (b"STATUS?", b"\x51"), (b"OUT1", None), (b"STATUS?", b"\x51"),
    ) as supply:  # fmt: skip
        supply.configure(1, voltage_v=5.0, current_limit_a=1.25)
        assert supply._status().output_on  # type: ignore[attr-defined] # not the K that came before
        supply.output(1, on=True)


@pytest.mark.parametrize(
    ("status", "on", "limited"), [(b"\x51", True, False), (b"\x50", True, True), (b"\x11", False, False)]
)
def test_a_reading_with_its_mode(status: bytes, on: bool, limited: bool) -> None:
    with running((b"VOUT1?", b"05.01"), (b"IOUT1?", b"0.305"), (b"STATUS?", status)) as supply:
        reading = supply.read()
        assert (reading.voltage.value, reading.current.value) == (5.01, 0.305)
        # The firmware tells its setting for anything within 0.2 V of it.
        assert reading.voltage.standard_uncertainty == pytest.approx(0.2 / math.sqrt(3))
        assert reading.current.standard_uncertainty is None
        assert (reading.output_on, reading.current_limited) == (on, limited)


@pytest.mark.parametrize(
    "identity", [b"KORADKA3005PV2.0\x01", b"KORAD KA3005P V5.5 SN:16072670", b"VELLEMANPS3005DV2.0", b"RND 320-KA3005P"]
)
def test_the_family_with_and_without_stray_bytes(identity: bytes) -> None:
    with running((b"*IDN?", identity), opening=(b"*IDN?", identity)) as supply:
        assert supply.identify().encode() == identity.strip(b"\x01")


def test_safe_state_switches_off_and_looks() -> None:
    with running((b"OUT0", None), (b"STATUS?", b"\x11")) as supply:
        supply.safe_state()
    with (
        running((b"OUT0", None), (b"STATUS?", b"\x51")) as supply,
        pytest.raises(InstrumentRefused, match="left its output on"),
    ):
        supply.safe_state()


def test_a_protection_that_keeps_the_output_off_is_told() -> None:
    with (
        running((b"OUT1", None), (b"STATUS?", b"\x31")) as supply,
        pytest.raises(InstrumentRefused, match="left its output off; check the load"),
    ):
        supply.output(1, on=True)


def test_a_setting_that_it_limited_is_found_out() -> None:
    with (
        running((b"ISET1:5.000", None), (b"VSET1:30.00", None), (b"VSET1?", b"24.00")) as supply,
        pytest.raises(InstrumentRefused, match="took 24 V instead of 30 V"),
    ):
        supply.configure(1, voltage_v=30.0, current_limit_a=5.0)


@pytest.mark.parametrize(
    ("match", "channel", "voltage_v", "current_limit_a"),
    [
        ("voltage_v must be from 0 to 30 V, not 31 V", 1, 31.0, 1.0),
        ("voltage_v must be from 0 to 30 V, not nan V", 1, math.nan, 1.0),
        ("voltage_v must be a multiple of 0.01 V", 1, 3.305, 1.0),
        ("current_limit_a must be from 0 to 5 A", 1, 5.0, -0.1),
        ("has one channel, 1, not 2", 2, 5.0, 1.0),
    ],
)
def test_out_of_range_sends_nothing(match: str, channel: int, voltage_v: float, current_limit_a: float) -> None:
    with running() as supply, pytest.raises(OutOfRange, match=match):
        supply.configure(channel, voltage_v=voltage_v, current_limit_a=current_limit_a)


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (b"TENMA72-2540V2.0", WrongIdentity, "'TENMA72-2540V2.0', which is not a Korad KA3005P"),
        (b"\x80\xff\xfe\x00\x81", BadResponse, "is no identity; check the baud rate"),
        (HANG, NoResponse, "did not answer; check that it is switched on"),
    ],
)
def test_opening_what_is_not_the_supply(answer: object, error: type[Exception], match: str) -> None:
    with PtyInstrument([(b"*IDN?", answer)]) as port, pytest.raises(error, match=match):
        open_instrument(KORAD, port.address)


def test_an_answer_that_breaks_off_or_is_no_number() -> None:
    with (
        running((b"VOUT1?", b"05.")) as supply,
        pytest.raises(BadResponse, match="broke off after 3 of 5 bytes"),
    ):
        supply.read()
    with (
        running((b"VOUT1?", b"hello"), (b"VOUT1?", b"05.00"), (b"IOUT1?", b"0.000"), (b"STATUS?", b"\x11")) as supply,
    ):
        with pytest.raises(BadResponse, match=r"asked VOUT1\?: expected a number of five characters, found b'hello'"):
            supply.read()
        assert supply.read().voltage.value == 5.0
