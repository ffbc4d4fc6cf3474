"""FeelTech and Juntek generators on a pseudo-terminal: setting, reading back, switching, limits, wrong instrument."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from scripted_server import HANG, Exchange, Late, PtyInstrument

from drivers.capabilities import SignalGenerator, Wave
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, OutOfRange, WrongIdentity
from drivers.registry import open_instrument

FY = "feeltech-fy6900"
JDS = "juntek-jds6600"
OPENING: dict[str, Exchange] = {FY: ("UMO", "FY6900-60M"), JDS: (b":r00=0.\r\n", b":r00=60.\r\n")}


def crlf(message: str, reply: str) -> Exchange:
    return message.encode() + b"\r\n", reply.encode() + b"\r\n"


@contextmanager
def running(profile: str, *script: Exchange) -> Iterator[SignalGenerator]:
    with PtyInstrument([OPENING[profile], *script]) as port:
        generator = open_instrument(profile, port.address)
        assert isinstance(generator, SignalGenerator)
        try:
            yield generator
        finally:
            generator.close()
        port.finish()


def fy_sets(*commands: str) -> list[Exchange]:
    return [(command, "") for command in commands]


FY_SQUARE = fy_sets("WMW01", "WMF00001234.500000", "WMA3.3000", "WMO-1.650")
FY_TOLD: list[Exchange] = [("RMW", "1"), ("RMF", "00001234.500000"), ("RMA", "33000"), ("RMO", "4294965646")]


def test_a_feeltech_is_set_and_read_back_with_a_negative_offset() -> None:
    with running(FY, *FY_SQUARE, *FY_TOLD) as generator:
        generator.configure(1, Wave.SQUARE, frequency_hz=1234.5, amplitude_vpp=3.3, offset_v=-1.65)


def test_the_second_channel_of_a_feeltech() -> None:
    told: list[Exchange] = [("RFW", "0"), ("RFF", "00010000.000000"), ("RFA", "10000"), ("RFO", "500")]
    with running(FY, *fy_sets("WFW00", "WFF00010000.000000", "WFA1.0000", "WFO0.500"), *told) as generator:
        generator.configure(2, Wave.SINE, frequency_hz=10e3, amplitude_vpp=1.0, offset_v=0.5)


def test_a_feeltech_that_limited_a_setting_is_found_out() -> None:
    told: list[Exchange] = [*FY_TOLD[:2], ("RMA", "20000"), FY_TOLD[3]]
    with (
        running(FY, *FY_SQUARE, *told) as generator,
        pytest.raises(InstrumentRefused, match=r"took 2 as amplitude_vpp of channel 1 instead of 3\.3"),
    ):
        generator.configure(1, Wave.SQUARE, frequency_hz=1234.5, amplitude_vpp=3.3, offset_v=-1.65)


def test_feeltech_outputs() -> None:
    states: list[Exchange] = [("RMN", "0"), ("RFN", "255")]
    after: list[Exchange] = [("RMN", "255"), ("RFN", "255")]
    with running(FY, *states, ("WMN1", ""), *after) as generator:
        generator.output(1, on=True)
    with (
        running(FY, *states, ("WMN1", ""), *states) as generator,
        pytest.raises(InstrumentRefused, match="left output 1 off"),
    ):
        generator.output(1, on=True)
    with running(FY, ("WMN0", ""), ("WFN0", ""), ("RMN", "0"), ("RFN", "0")) as generator:
        generator.safe_state()


JDS_SINE = [
    crlf(":w22=0.", ":ok"), crlf(":w24=123450,0.", ":ok"), crlf(":w26=3300.", ":ok"), crlf(":w28=835.", ":ok"),
]  # fmt: skip
JDS_TOLD = [
    crlf(":r22=0.", ":r22=0."), crlf(":r24=0.", ":r24=123450,0."), crlf(":r26=0.", ":r26=3300."),
    crlf(":r28=0.", ":r28=835."),
]  # fmt: skip


def test_a_juntek_is_set_and_read_back() -> None:
    with running(JDS, *JDS_SINE, *JDS_TOLD) as generator:
        generator.configure(2, Wave.SINE, frequency_hz=1234.5, amplitude_vpp=3.3, offset_v=-1.65)


def test_a_juntek_output_is_switched_without_the_other() -> None:
    with running(
        JDS, crlf(":r20=0.", ":r20=0,1."), crlf(":w20=1,1.", ":ok"), crlf(":r20=0.", ":r20=1,1."),
        crlf(":w20=0,0.", ":ok"), crlf(":w20=0,0.", ":ok"), crlf(":r20=0.", ":r20=0,0."),
    ) as generator:  # fmt: skip
        generator.output(1, on=True)
        generator.safe_state()


def test_safe_state_tells_an_output_that_stays_on() -> None:
    with (
        running(
            JDS, crlf(":w20=0,0.", ":ok"), crlf(":w20=0,0.", ":ok"), crlf(":r20=0.", ":r20=0,1."),
        ) as generator,
        pytest.raises(InstrumentRefused, match="left an output on"),
    ):  # fmt: skip
        generator.safe_state()


def test_a_juntek_that_does_not_confirm_or_answers_another_question() -> None:
    with (
        running(JDS, crlf(":w22=0.", ":error")) as generator,
        pytest.raises(InstrumentRefused, match=r"answered ':error' to ':w22=0\.'"),
    ):
        generator.configure(2, Wave.SINE, frequency_hz=1234.5, amplitude_vpp=3.3, offset_v=-1.65)
    with (
        running(JDS, *JDS_SINE, *[crlf(message.decode().strip(), ":r99=1.") for message, _ in JDS_TOLD]) as generator,  # type: ignore[union-attr]
        pytest.raises(BadResponse, match=r"expected the parameter 22, found ':r99=1\.'"),
    ):
        generator.configure(2, Wave.SINE, frequency_hz=1234.5, amplitude_vpp=3.3, offset_v=-1.65)


@pytest.mark.parametrize(
    ("profile", "match", "channel", "wave", "levels"),
    [
        (FY, "frequency_hz of a sine must be from 1e-06 to 6e.07 Hz", 1, Wave.SINE, {"frequency_hz": 7e7}),
        (FY, "frequency_hz of a square must be from 1e-06 to 2e.07", 1, Wave.SQUARE, {"frequency_hz": 3e7}),
        (FY, "has no noise on channel 1; it has sine, square, dc, ramp", 1, Wave.NOISE, {}),
        (FY, "has no ramp on channel 2; it has sine, square", 2, Wave.RAMP, {}),
        (FY, "amplitude_vpp must be from 0.001 to 20 V, not 21 V", 1, Wave.SINE, {"amplitude_vpp": 21.0}),
        (FY, "must be a multiple of 0.001 V", 1, Wave.SINE, {"amplitude_vpp": 1.0005}),
        (FY, "offset and half the amplitude together must be at most 10 V", 1, Wave.SINE, {"offset_v": 9.8}),
        (FY, "channel must be from 1 to 2, not 3", 3, Wave.SINE, {}),
        (JDS, "amplitude_vpp must be from 0.001 to 5 V", 1, Wave.SINE, {"frequency_hz": 2e7, "amplitude_vpp": 6.0}),
        (JDS, "offset_v must be from -9.99 to 9.99 V, not -10 V", 1, Wave.DC, {"offset_v": -10.0}),
        (JDS, "must be a multiple of 0.01 Hz", 1, Wave.SINE, {"frequency_hz": 1000.005}),
        (JDS, "from 0.01 to 6e.06 Hz, not nan Hz", 1, Wave.PULSE, {"frequency_hz": float("nan")}),
    ],
)
def test_out_of_range_sends_nothing(profile: str, match: str, channel: int, wave: Wave, levels: dict[str, Any]) -> None:
    with running(profile) as generator, pytest.raises(OutOfRange, match=match):
        generator.configure(channel, wave, **{"frequency_hz": 1000.0, "amplitude_vpp": 1.0, **levels})


@pytest.mark.parametrize(
    ("profile", "message", "answer", "error", "match"),
    [
        (FY, "UMO", "FY2300-20M", WrongIdentity, "'FY2300-20M', which is not a FeelTech FY6900"),
        (FY, "UMO", HANG, NoResponse, "did not answer within 1.5 s"),
        (JDS, b":r00=0.\r\n", b":r00=hello.\r\n", WrongIdentity, "which is not a Juntek JDS6600"),
        (JDS, b":r00=0.\r\n", b":r00", BadResponse, "broke off in the middle of an answer"),
    ],
)
def test_opening_what_is_not_the_generator(
    profile: str, message: str | bytes, answer: object, error: type[Exception], match: str
) -> None:
    with PtyInstrument([(message, answer)]) as port, pytest.raises(error, match=match):
        open_instrument(profile, port.address)


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    with running(
        FY, ("RMN", Late(1.6, "255")), ("RMN", "0"), ("RFN", "0"), ("WMN1", ""), ("RMN", "255"), ("RFN", "0")
    ) as g:
        with pytest.raises(NoResponse):
            g.output(1, on=True)
        g.output(1, on=True)
