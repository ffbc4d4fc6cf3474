"""The hand-held meter: recordings of the real one through a pseudo-terminal, knob, freshness, wrong line settings."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from captures import require_capture
from lateness import ends_within
from scripted_server import PtyInstrument

from drivers.capabilities import MeterFunction, Multimeter
from drivers.errors import BadResponse, Cancelled, InstrumentRefused, NoResponse, OutOfRange
from drivers.guard import Guard
from drivers.registry import open_instrument

UT61E = "uni-t-ut61e"


def frame(range_: int, digits: str, function: str, *, overload: bool = False, hold: bool = False) -> bytes:
    """An ES51922 frame: range, digits, function, status, options 1 to 4 (option 3 says DC and AUTO, 4 HOLD)."""
    tail = bytes(0x30 | bits for bits in (1 if overload else 0, 0, 0, 0x8 | 0x2, 2 if hold else 0))
    return bytes([0x30 | range_]) + digits.encode() + function.encode() + tail + b"\r\n"


DC_3V3 = frame(1, "03301", ";")


class Free(PtyInstrument):
    """A free-running meter: sends its frame again and again, as the display changes."""

    def __init__(self, shown: bytes, interval_s: float = 0.05) -> None:
        super().__init__([])
        self.shown = shown
        self._interval_s = interval_s
        self._sender = threading.Thread(target=self._send_for_ever, daemon=True)

    def start(self) -> None:
        super().start()
        self._sender.start()

    def stop(self) -> None:
        super().stop()
        self._sender.join(5)

    def _send_for_ever(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.send(self.shown)


@contextmanager
def running(shown: bytes, guard: Guard | None = None) -> Iterator[tuple[Free, Multimeter]]:
    with Free(shown) as meter:
        instrument = open_instrument(UT61E, meter.address, guard)
        assert isinstance(instrument, Multimeter)
        try:
            yield meter, instrument
        finally:
            instrument.close()


def test_a_reading_with_range_and_uncertainty() -> None:
    with running(DC_3V3) as (_, meter):
        reading = meter.read(MeterFunction.DC_VOLTAGE)
        assert reading.quantity.value == 3.301
        assert reading.range_value == 22.0
        assert reading.quantity.standard_uncertainty == pytest.approx((3.301e-3 + 2e-3) / 3**0.5)
        assert meter.read(MeterFunction.DC_VOLTAGE, 22.0).quantity.value == 3.301
        assert "UT61E" in meter.identify()


def test_the_knob_is_told_when_it_stands_elsewhere() -> None:
    with running(DC_3V3) as (_, meter):
        with pytest.raises(InstrumentRefused, match="stands at dc_voltage; turn its knob to resistance"):
            meter.read(MeterFunction.RESISTANCE)
        with pytest.raises(InstrumentRefused, match=r"range of 22 V, not 2\.2 V; press RANGE"):
            meter.read(MeterFunction.DC_VOLTAGE, 2.2)
        with pytest.raises(OutOfRange, match=r"no range of 3 for dc_voltage; it has 0\.22, 2\.2"):
            meter.read(MeterFunction.DC_VOLTAGE, 3.0)
        with pytest.raises(OutOfRange, match="cannot measure temperature"):
            meter.read(MeterFunction.TEMPERATURE)


def test_hold_is_not_the_present_value() -> None:
    held = frame(1, "03301", ";", hold=True)
    with running(held) as (_, meter), pytest.raises(InstrumentRefused, match="shows a HOLD value"):
        meter.read(MeterFunction.DC_VOLTAGE)


def test_overload_is_no_number() -> None:
    with running(frame(6, "22000", "3", overload=True)) as (_, meter):
        reading = meter.read(MeterFunction.RESISTANCE)
        assert reading.overload
        assert reading.quantity.value != reading.quantity.value


def test_a_reading_is_never_older_than_its_request() -> None:
    with running(DC_3V3) as (port, meter):
        port.shown = frame(1, "05000", ";")
        time.sleep(0.3)  # old frames of 3.301 V pile up in the port's buffer, then new ones of 5.000 V
        assert meter.read(MeterFunction.DC_VOLTAGE).quantity.value == 5.0


def test_silence_says_what_to_switch_on(meter_times: Callable[[str, float], None]) -> None:
    meter_times(UT61E, 0.1)
    with PtyInstrument([]) as port, pytest.raises(NoResponse, match="switch the meter and its data output on"):
        open_instrument(UT61E, port.address)


def test_a_wrong_baud_rate_looks_like_garbage_and_says_so(meter_times: Callable[[str, float], None]) -> None:
    meter_times(UT61E, 1.0)
    garbage = b"\xfe\x00\xf8\x80\xc0" * 4
    with Free(garbage) as meter, pytest.raises(BadResponse, match=r"bytes and no frame.; check 19200 baud 7O1"):
        open_instrument(UT61E, meter.address)


def test_a_deadline_ends_the_wait_for_a_frame() -> None:
    guard = Guard()
    with running(DC_3V3, guard) as (port, meter):
        port.stop()
        guard.arm(0.2)
        with ends_within(0.6), pytest.raises(Cancelled):
            meter.read(MeterFunction.DC_VOLTAGE)


@pytest.mark.parametrize(
    ("name", "function", "value", "tolerance"),
    [
        ("ut61e_capacitance_10uf", MeterFunction.CAPACITANCE, 10.198e-6, 2e-9),
        ("ut61e_current_ma_dc_1ma", MeterFunction.DC_CURRENT, 1.000e-3, 1e-9),
        ("ut61e_diode_0_62v", MeterFunction.DIODE, 0.6289, 2e-4),
        ("ut61e_frequency_100hz", MeterFunction.FREQUENCY, 100.0, 0.5),
        ("ut61e_resistance_70ohm", MeterFunction.RESISTANCE, 70.0, 1.0),
        ("ut61e_voltage_dc_1_8v", MeterFunction.DC_VOLTAGE, 1.8, 0.05),
        ("ut61e_voltage_dc_3_3v", MeterFunction.DC_VOLTAGE, 3.3, 0.05),
        ("ut61e_voltage_mv_ac_81mv", MeterFunction.AC_VOLTAGE, 0.081, 0.001),
    ],
)
def test_recordings_of_the_real_meter(name: str, function: MeterFunction, value: float, tolerance: float) -> None:
    truth = json.loads(require_capture("dmm/truth.json").read_text())
    stream = next(bytes.fromhex(entry["stream_hex"]) for entry in truth if f"/{name}.sr" in entry["file"])
    with running(stream) as (_, meter):
        reading = meter.read(function)
        assert reading.quantity.value == pytest.approx(value, abs=tolerance)
        assert reading.quantity.standard_uncertainty is not None
        assert reading.quantity.standard_uncertainty > 0


def test_the_recording_of_an_open_circuit_is_an_overload() -> None:
    truth = json.loads(require_capture("dmm/truth.json").read_text())
    stream = next(bytes.fromhex(entry["stream_hex"]) for entry in truth if "resistance_ol" in entry["file"])
    with running(stream) as (_, meter):
        assert meter.read(MeterFunction.RESISTANCE).overload


def test_the_recording_of_a_peak_value_is_not_taken_for_the_present_one() -> None:
    truth = json.loads(require_capture("dmm/truth.json").read_text())
    stream = next(bytes.fromhex(entry["stream_hex"]) for entry in truth if "pmax" in entry["file"])
    with running(stream) as (_, meter), pytest.raises(InstrumentRefused, match="PEAK"):
        meter.read(MeterFunction.DC_VOLTAGE)
