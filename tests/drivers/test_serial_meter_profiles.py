"""Every profile of a meter with frames, through a pseudo-terminal: each function and range that it declares is read."""

import importlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from scripted_server import PtyInstrument

from drivers.accuracy import find_accuracy
from drivers.capabilities import MeterFunction, Multimeter
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, WrongIdentity
from drivers.profile import parse_profile
from drivers.registry import SHIPPED_PROFILES, open_instrument, profiles
from drivers.serial_meter_model import SerialMeterProfile

METERS = [name for name, profile in profiles().items() if isinstance(profile, SerialMeterProfile)]
NAMES = {"fluke287": b"0\rFLUKE 287,V1.00,95081087\r", "ut61e_plus": bytes.fromhex("abcd08") + b"UT61E+"}
NAMES["ut61e_plus"] += sum(NAMES["ut61e_plus"]).to_bytes(2, "big")


class Shown(PtyInstrument):
    """A meter that shows a frame: sent again and again, or as the answer to each request."""

    def __init__(self, profile: SerialMeterProfile) -> None:
        super().__init__([])
        self.chip: Any = importlib.import_module(f"protocols.dmm.{profile.protocol}")
        self.shown: bytes = self.chip.encode("dc_voltage", 1.0)
        self.name = NAMES.get(profile.protocol, b"")
        self.requests = 0
        self.deaf = 0
        self._request: bytes | None = getattr(self.chip, "REQUEST", None)
        self._sender = threading.Thread(target=self._send_for_ever, daemon=True)

    def start(self) -> None:
        super().start()
        if self._request is None:
            self._sender.start()

    def stop(self) -> None:
        super().stop()
        if self._sender.is_alive():
            self._sender.join(5)

    def _send_for_ever(self) -> None:
        while not self._stop.wait(0.002):
            self.send(self.shown)

    def _play(self, pending: bytearray) -> bool:
        for request, answer in ((self._request, self.shown), (getattr(self.chip, "IDENTITY_REQUEST", None), self.name)):
            while request and pending.startswith(request):
                del pending[: len(request)]
                self.requests += 1
                if self.deaf:
                    self.deaf -= 1
                else:
                    self.send(answer)
        return True


@contextmanager
def opened(name: str) -> Iterator[tuple[Shown, Multimeter]]:
    profile = profiles()[name]
    assert isinstance(profile, SerialMeterProfile)
    with Shown(profile) as shown:
        meter = open_instrument(name, shown.address)
        assert isinstance(meter, Multimeter)
        try:
            yield shown, meter
        finally:
            meter.close()


@pytest.mark.parametrize("name", METERS)
def test_every_declared_function_and_range_is_read(name: str) -> None:
    profile = profiles()[name]
    assert isinstance(profile, SerialMeterProfile)
    with opened(name) as (shown, meter):
        assert meter.functions() == set(profile.functions)
        for function, ranges in profile.functions.items():
            for one in ranges:
                value = one.full_scale * 0.6
                encodable = "resistance" if function == "temperature" and profile.symbols else function
                shown.shown = shown.chip.encode(encodable, value, range_value=one.full_scale)
                if encodable != function:  # the frame of a temperature: no unit, but the maker's own segment
                    shown.shown = celsius(21.5)
                    value = 21.5
                reading = meter.read(function)
                assert reading.function is function
                assert not reading.overload
                assert reading.quantity.value == pytest.approx(value, rel=0.02)
                if reading.range_value is not None:
                    assert reading.range_value == pytest.approx(one.full_scale)
                    assert meter.read(function, one.full_scale).range_value == reading.range_value
                limit = find_accuracy(one.accuracy, 50.0 if function.startswith("ac_") else value)
                uncertainty = reading.quantity.standard_uncertainty
                if limit is None or reading.range_value is None:
                    assert uncertainty is None
                else:
                    expected = limit.standard_uncertainty(reading.quantity.value, one.full_scale)
                    assert uncertainty == pytest.approx(expected)
            shown.shown = shown.chip.encode("resistance", float("inf"))
            if function == "resistance":
                assert meter.read(MeterFunction.RESISTANCE).overload


def celsius(degrees: float) -> bytes:
    from protocols.dmm import fs9721

    frame = bytearray(fs9721.encode("resistance", degrees))
    frame[11] &= 0xF0
    frame[13] |= fs9721.Symbol.C2C1_01
    return bytes(frame)


@pytest.mark.parametrize("name", METERS)
def test_a_meter_that_stands_elsewhere_says_so(name: str) -> None:
    with opened(name) as (_, meter), pytest.raises(InstrumentRefused, match="stands at dc_voltage; turn its knob"):
        meter.read(MeterFunction.RESISTANCE)


# Bytes of recordings in sigrok-dumps (public domain): uart/cyrustek_es51978, uart/voltcraft_vc940 and
# uart/v_and_a_va18b_cable, each begun in the middle of a frame.
RECORDINGS = [
    ("iso-tech-idm103n", "3330300d0a3530373531333030320d0a3530373531333030320d0a", MeterFunction.RESISTANCE, 7.51e6),
    ("voltcraft-vc940", "300d0a3130393836303330300d0a3130393836303330300d0a", MeterFunction.DC_VOLTAGE, 0.10986),
    ("va-va18b", "d4e01b273d4f5d677d8095a0b0c0d4e01b273d4f5d677d8095a0b0c0d4e0", MeterFunction.AC_VOLTAGE, 0.001),
]


@pytest.mark.parametrize(("name", "recorded", "function", "value"), RECORDINGS)
def test_recordings_of_the_real_meters(name: str, recorded: str, function: MeterFunction, value: float) -> None:
    with opened(name) as (shown, meter):
        shown.shown = bytes.fromhex(recorded)
        assert meter.read(function).quantity.value == pytest.approx(value)
        assert meter.read(function).quantity.standard_uncertainty is None  # the maker's limits are not known


@pytest.mark.parametrize("name", ["uni-t-ut61e-plus", "fluke-287", "brymen-bm869"])
def test_a_meter_that_missed_the_question_is_asked_again(name: str) -> None:
    with opened(name) as (shown, meter):
        shown.deaf = 1
        before = shown.requests
        assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == pytest.approx(1.0)
        assert shown.requests == before + 2


@pytest.mark.parametrize("name", ["uni-t-ut61e-plus", "fluke-287"])
def test_a_meter_of_another_name_is_refused(name: str) -> None:
    profile = profiles()[name]
    assert isinstance(profile, SerialMeterProfile)
    with Shown(profile) as shown:
        other = {"fluke-287": b"0\rFLUKE 189,V2.02,1\r"}.get(name)
        if other is None:
            frame = bytes.fromhex("abcd08") + b"UT61B+"
            other = frame + sum(frame).to_bytes(2, "big")
        shown.name = other
        with pytest.raises(
            WrongIdentity, match=r"answers '(FLUKE 189.*|UT61B\+)', which is not a .* choose its profile"
        ):
            open_instrument(name, shown.address)


def test_a_refusal_of_the_fluke_is_passed_on() -> None:
    with opened("fluke-287") as (shown, meter):
        shown.shown = b"5\r"
        with pytest.raises(BadResponse, match="answers that it has no data"):
            meter.read(MeterFunction.DC_VOLTAGE)


def test_a_silent_meter_that_must_be_asked(meter_times: Callable[[str, float], None]) -> None:
    meter_times("fluke-287", 0.1)
    with PtyInstrument([]) as port:
        port._play = lambda pending: bool(pending.clear() or True)  # type: ignore[method-assign,func-returns-value]
        with pytest.raises(NoResponse, match="switch the meter and its data output on"):
            open_instrument("fluke-287", port.address)


def test_what_a_meter_profile_must_not_say() -> None:
    vc820 = (SHIPPED_PROFILES / "voltcraft-vc820.yaml").read_text()
    for old, new, match in (
        ("protocol: fs9721", "protocol: fs9999", "'fs9999' is not known here"),
        ("protocol: fs9721", "protocol: es51978\nsymbols: {C2C1_00: MAX}", "symbols belong to the protocol fs9721"),
        ("protocol: fs9721", "protocol: fs9721\nidentity: VC.*", "identity belongs to the protocols"),
        ("protocol: fs9721", "protocol: fluke287", "identity belongs to the protocols"),
        ("protocol: fs9721", "protocol: fluke287\nidentity: 'VC(('", "the identity is no regular expression"),
    ):
        with pytest.raises(Exception, match=re.escape(match)):
            parse_profile(vc820.replace(old, new), "x.yaml")


def test_a_function_without_limits_of_error_is_named_or_all_are() -> None:
    for name in METERS:
        profile = profiles()[name]
        assert isinstance(profile, SerialMeterProfile)
        bare = {f for f, ranges in profile.functions.items() if not all(one.accuracy for one in ranges)}
        notes = profile.notes.lower()
        assert all(function in notes for function in bare) or "no limits of error are given" in notes, name
