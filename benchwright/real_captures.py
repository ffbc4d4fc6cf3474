"""Real captures from real instruments, through our own parsers and analyses, beside what is known to be true.

The folder is a setting (``BENCHWRIGHT_CAPTURES``); ``docs/captures.md`` names the public sources. Each check reads
a file as the bench would and compares with a value that does not come from us: the display of the instrument, the
scope's own measurement, the maker's reference code, or an independent decoder.
"""

import json
import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from benchwright.replay import played
from drivers.capabilities import MeterFunction, Multimeter
from drivers.registry import open_instrument
from edge_agent.analysis.decode import i2c, spi
from edge_agent.analysis.decode.edges import Edges, from_logic, from_waveform
from edge_agent.analysis.decode.uart import Parity, UartFormat, UartFrames, decode
from edge_agent.analysis.pulse import pulse_parameters
from protocols.captures import read_capture
from protocols.dmm import es51922, fs9721
from protocols.dmm.reading import DmmReading
from protocols.modbus_rtu import split_requests, split_responses
from protocols.quantity import Quantity, format_value
from protocols.thermal.mlx90640 import MLX90640Calibration, temperatures
from protocols.waveform import Capture, LogicCapture, ThermalImage
from tui.i18n import _


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of one capture beside its truth, as people read it."""

    file: str
    what: str
    truth: str
    measured: str
    tolerance: str
    passed: bool


def captures_folder() -> Path | None:
    """Return the folder of real captures: ``BENCHWRIGHT_CAPTURES``, else ``../shared/data`` beside a checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("BENCHWRIGHT_CAPTURES", beside))
    return folder if folder.is_dir() else None


def table(found: Sequence[Check]) -> Table:
    """Return the checks as people read them."""
    passed = sum(check.passed for check in found)
    headings = (_("Capture"), _("What"), _("Truth"), _("Measured"), _("Tolerance"))
    title = _("Real captures: {good} of {count} figures within their tolerance")
    view = Table("", *headings, title=title.format(good=passed, count=len(found)), padding=(0, 1, 0, 0), box=SIMPLE)
    for check in found:
        mark = Text("✓", "green") if check.passed else Text("✗", "red")
        words = (Path(check.file).name, check.what, check.truth, check.measured, check.tolerance)
        view.add_row(mark, *words)
    return view


def checks(folder: Path) -> Iterator[Check]:
    """Read every capture in ``folder`` that has a known truth and yield each figure as soon as it is there."""
    for group in (
        _meters,
        _replayed_meters,
        _uart_lines,
        _gps,
        _i2c_sensor,
        _spi_flash,
        _modbus,
        _rigol,
        _agilent,
        _flir,
        _mlx90640,
    ):
        yield from group(folder)


def _number(  # noqa: PLR0917 - a row of the table, written as one
    file: str, what: str, truth: float, measured: float, tolerance: float, unit: str
) -> Check:
    passed = math.isfinite(measured) and abs(measured - truth) <= tolerance * (1 + 1e-9)
    shown = (format_value(truth, unit, 6), format_value(measured, unit, 6), f"± {format_value(tolerance, unit)}")
    return Check(file, what, *shown, passed)


def _same(file: str, what: str, truth: str, measured: str) -> Check:
    return Check(file, what, truth, measured, _("exact"), truth == measured)


def _of(count: int, total: int) -> str:
    return _("{count} of {total}").format(count=count, total=total)


def _read(folder: Path, file: str) -> Capture:
    return read_capture((folder / file).read_bytes(), file)


def _logic(folder: Path, file: str) -> LogicCapture:
    logic = _read(folder, file).logic
    if logic is None:
        raise ValueError(f"{file} holds no logic channels; is it the file that the list of sources names?")
    return logic


_PREFIXES = {"n": 1e-9, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6}
_DISPLAY = re.compile(r"(?P<number>-?[\d.]+|inf) ?(?P<prefix>[nµmkM]?)(?P<unit>[VAΩF]|Hz|%)?(?: .*)?")
_PARITIES = {"n": Parity.NONE, "o": Parity.ODD, "e": Parity.EVEN}


def _display_value(display: str) -> float:
    """Return the number on a meter's display, as sigrok writes it (``628.9 mV DC DIODE``), in the base unit."""
    match = _DISPLAY.fullmatch(display)
    if match is None:
        raise ValueError(f"the truth {display!r} is no reading")
    return float(match["number"]) * (_PREFIXES[match["prefix"]] if match["unit"] else 1.0)


def _meters(folder: Path) -> Iterator[Check]:
    for entry in json.loads((folder / "dmm" / "truth.json").read_text(encoding="utf-8")):
        file: str = entry["file"]
        baud, form = entry["uart"].split()
        edges = from_logic(_logic(folder, file), entry["channel"])
        frames = decode(edges, UartFormat(float(baud), int(form[0]), _PARITIES[form[1]]))
        if "ut61e" in file:
            meter = {frame: es51922.decode(frame) for frame in es51922.FrameReader().feed(frames.data)}
        else:
            meter = {frame: fs9721.decode(frame) for frame in fs9721.FrameReader().feed(frames.data)}
        shown: list[str] = []
        agreeing = True
        for truth in entry["readings"]:
            reading = next((r for frame, r in meter.items() if _frame_key(frame) == truth["frame"]), None)
            shown.append("–" if reading is None else _shown(reading))
            agreeing &= reading is not None and _meter_agrees(truth["sigrok"], reading)
        truths = " · ".join(truth["sigrok"] for truth in entry["readings"])
        yield Check(file, _("display"), truths, " · ".join(shown), _("exact"), agreeing)


_REPLAYED = {
    "ut61e_capacitance_10uf": MeterFunction.CAPACITANCE,
    "ut61e_current_ma_dc_1ma": MeterFunction.DC_CURRENT,
    "ut61e_diode_0_62v": MeterFunction.DIODE,
    "ut61e_frequency_100hz": MeterFunction.FREQUENCY,
    "ut61e_resistance_70ohm": MeterFunction.RESISTANCE,
    "ut61e_resistance_ol": MeterFunction.RESISTANCE,
    "ut61e_voltage_dc_1_8v": MeterFunction.DC_VOLTAGE,
    "ut61e_voltage_dc_3_3v": MeterFunction.DC_VOLTAGE,
    "ut61e_voltage_mv_ac_81mv": MeterFunction.AC_VOLTAGE,
}
"""Recordings of a present value, and where the meter's knob stood."""


def _replayed_meters(folder: Path) -> Iterator[Check]:
    """The recorded bytes through a pseudo-terminal into the real driver: any frame of the recording may be read."""
    for entry in json.loads((folder / "dmm" / "truth.json").read_text(encoding="utf-8")):
        function = _REPLAYED.get(Path(entry["file"]).stem)
        if function is None:
            continue
        stream = bytes.fromhex(entry["stream_hex"])
        known = [es51922.decode(frame) for frame in es51922.FrameReader().feed(stream)]
        with played(stream) as address:
            meter = open_instrument("uni-t-ut61e", address)
            if not isinstance(meter, Multimeter):
                raise TypeError("the profile uni-t-ut61e is no multimeter")
            try:
                reading = meter.read(function)
            finally:
                meter.close()
        value = reading.quantity.value
        agreeing = any(one.overload == reading.overload and (one.overload or one.value == value) for one in known)
        truths = dict.fromkeys(_shown(one) for one in known)
        shown = "OL" if reading.overload else format_value(value, reading.quantity.unit, digits=6)
        values = " · ".join(truths)
        one_of = _("one of {values}").format(values=values) if len(truths) > 1 else values
        yield Check(entry["file"], _("driver, by a serial port"), one_of, shown, _("exact"), agreeing)


def _frame_key(frame: bytes) -> str:
    """Return a frame as the list of truths writes it: text without its line end, or hexadecimal."""
    return frame[:-2].decode("latin-1") if frame.endswith(b"\r\n") else frame.hex(" ")


def _shown(reading: DmmReading) -> str:
    return "OL" if reading.overload else format_value(reading.value, reading.unit, digits=6)


def _meter_agrees(truth: str, reading: DmmReading) -> bool:
    """Whether a reading is the true one: equal to less than half of a count."""
    if truth == "1.00":  # how sigrok writes a closed continuity test
        return reading.function == "continuity" and not reading.overload
    expected = _display_value(truth)
    if math.isinf(expected):
        return reading.overload
    return abs(reading.value - expected) < reading.resolution / 2


def _uart(folder: Path, file: str, channel: str, form: UartFormat, *, inverted: bool = False) -> UartFrames:
    edges = from_logic(_logic(folder, file), channel)
    return decode(edges.inverted() if inverted else edges, form)


def _uart_lines(folder: Path) -> Iterator[Check]:
    hello = b"Hello World!\r\n"
    for file, form, count in (
        ("logic/hello_world_8n1_115200.sr", UartFormat(115_200), 3),
        ("logic/hello_world_7e1_115200.sr", UartFormat(115_200, 7, Parity.EVEN), 4),
    ):
        data = _uart(folder, file, "TX", form).data
        yield _same(file, _("text"), f"{count} × {hello!r}", f"{data.count(hello)} × {data[: len(hello)]!r}")
    file = "logic/ampel64_4800_8n1_frame_errors.sr"
    frames = _uart(folder, file, "TX", UartFormat(4800))
    yield _same(file, _("bytes"), "41 53 55 31 81 36 34 0A", frames.data.hex(" ").upper())
    errors = int(frames.framing_errors.sum()) + frames.false_starts.size
    yield _same(file, _("frame errors"), "4", str(errors))


def _gps(folder: Path) -> Iterator[Check]:
    file = "logic/mtk3339_8n1_9600.sr"
    text = _uart(folder, file, "TX", UartFormat(9600)).data.decode("ascii", errors="replace")
    sentences = re.findall(r"\$([^*\r\n]+)\*([0-9A-F]{2})\r\n", text)
    sound = sum(_nmea_checksum(body) == int(checksum, 16) for body, checksum in sentences)
    yield _same(file, _("sentences with right checksum"), _of(21, 21), _of(sound, len(sentences)))
    fix = next((body.split(",") for body, _checksum in sentences if body.startswith("GPRMC")), [""] * 10)
    place = f"{fix[9]} {fix[1][:6]} {fix[3]}{fix[4]} {fix[5]}{fix[6]}"
    yield _same(file, _("position"), "260813 061507 4530.7007N 12240.8051W", place)


def _nmea_checksum(body: str) -> int:
    checksum = 0
    for character in body:
        checksum ^= ord(character)
    return checksum


def _i2c_sensor(folder: Path) -> Iterator[Check]:
    file = "logic/melexis_mlx90614_5s_24deg.sr"
    logic = _logic(folder, file)
    transfers = i2c.decode(from_logic(logic, "5"), from_logic(logic, "7"))
    words = [int.from_bytes(t.data[:2], "little") for t in transfers if t.repeated_start and len(t.data) >= 2]
    celsius = list(dict.fromkeys(round(word * 0.02 - 273.15, 2) for word in words))
    for what, truth, index in ((_("first reading"), 24.59, 0), (_("next different reading"), 24.57, 1)):
        yield _number(file, what, truth, celsius[index] if index < len(celsius) else math.nan, 0.005, "Cel")


def _spi_flash(folder: Path) -> Iterator[Check]:
    file = "logic/mx25l1605d_probe.sr"
    logic = _logic(folder, file)
    lines = {name: from_logic(logic, name) for name in ("SCLK", "MOSI", "MISO", "CS#")}
    transfers = spi.decode(lines["SCLK"], mosi=lines["MOSI"], miso=lines["MISO"], select=lines["CS#"])
    identities = [t.miso[1:4].hex(" ").upper() for t in transfers if t.mosi[:1] == b"\x9f"]
    seen = ", ".join(f"{identity} × {identities.count(identity)}" for identity in dict.fromkeys(identities))
    yield _same(file, "RDID", "C2 20 15 × 145", seen)


def _modbus(folder: Path) -> Iterator[Check]:
    file = "modbus/brainchild-io-16do.sr"
    truth: dict[str, Any] = json.loads((folder / "modbus" / "truth.json").read_text(encoding="utf-8"))
    form = UartFormat(19_200, 8, Parity.EVEN)
    for what, channel, split, key in (
        (_("requests, CRC valid"), "1", split_requests, "requests"),
        (_("responses, CRC valid"), "0", split_responses, "responses"),
    ):
        frames = [frame.hex(" ") for frame in split(_uart(folder, file, channel, form, inverted=True).data)]
        known = truth[key]
        agreeing = sum(ours == theirs for ours, theirs in zip(frames, known, strict=False))
        yield _same(file, what, _of(len(known), len(known)), _of(agreeing, len(frames)))


def _value(result: object, name: str) -> float:
    """Return the value of one field of an analysis' result; NaN, which fails every check, when there is no answer."""
    answer = getattr(result, name, None)
    return answer.value if isinstance(answer, Quantity) else math.nan


def _rigol(folder: Path) -> Iterator[Check]:
    file = "scope/rigol/DS1054Z-ch1SquareCH2Uart.csv"
    square, line = _read(folder, file).analog[:2]
    found = pulse_parameters(square)
    yield _number(file, _("CH1 frequency"), 1000.0, _value(found, "frequency"), 1.0, "Hz")
    yield _number(file, _("CH1 low state"), 0.02, _value(found, "low"), 0.04, "V")
    yield _number(file, _("CH1 high state"), 2.86, _value(found, "high"), 0.04, "V")
    yield _same(file, "CH2 UART", "02 01 0C C1 8C 03", _uart_bytes(from_waveform(line, 1.5, 0.8)))
    # The .wfm holds the same acquisition; its scaling is known to differ from the scope's own export.
    other = "scope/rigol/DS1054Z-ch1SquareCH2Uart.wfm"
    copy = _read(folder, other).analog[0]
    yield _number(other, _("CH1 frequency"), 1000.0, _value(pulse_parameters(copy), "frequency"), 1.0, "Hz")
    yield _same(
        other, "CH2 UART", "02 01 0C C1 8C 03", _uart_bytes(from_waveform(_read(folder, other).analog[1], 1.5, 0.8))
    )


def _uart_bytes(edges: Edges) -> str:
    return decode(edges, UartFormat(115_200)).data.hex(" ").upper()


def _agilent(folder: Path) -> Iterator[Check]:
    file = "scope/agilent_mso7034a/scope_4.csv"
    first = _read(folder, file).analog[0]
    found = pulse_parameters(first)
    yield _number(file, _("CH1 frequency"), 1199.0, _value(found, "frequency"), 1.0, "Hz")
    # The scope's own peak-to-peak (2.72 V) saw the overshoot between the 500 points that the file keeps.
    yield _number(file, _("CH1 amplitude"), 2.5, _value(found, "amplitude"), 0.05, "V")
    binary = "scope/agilent_mso7034a/scope_29.bin"
    pairs = zip(_read(folder, binary).analog, _read(folder, file).analog, strict=False)
    worst = max(float(np.abs(ours.values() - theirs.values()).max()) for ours, theirs in pairs)
    yield _number(binary, _("largest difference to the CSV"), 0.0, worst, 1e-6, "V")


def _thermal(folder: Path, file: str) -> ThermalImage:
    image = _read(folder, file).thermal
    if image is None:
        raise ValueError(f"{file} holds no temperatures; is it the file that the list of sources names?")
    return image


def _flir(folder: Path) -> Iterator[Check]:
    for file, least, greatest, mean, hottest in (
        ("thermal/flir/flir_example.jpg", 25.948, 62.320, 29.119, (215, 99)),
        ("thermal/flir/ax8.jpg", 24.360, 25.469, 25.031, (30, 41)),
    ):
        celsius = _thermal(folder, file).temperatures_c
        yield _number(file, _("coldest"), least, float(celsius.min()), 0.001, "Cel")
        yield _number(file, _("hottest"), greatest, float(celsius.max()), 0.001, "Cel")
        yield _number(file, _("mean"), mean, float(celsius.mean(dtype=np.float64)), 0.001, "Cel")
        row, column = np.unravel_index(int(celsius.argmax()), celsius.shape)
        yield _same(file, _("hottest pixel"), str(hottest), f"({row}, {column})")


def _mlx90640(folder: Path) -> Iterator[Check]:
    file = "thermal/mlx90640/frame0.bin"
    eeprom, frame = (np.fromfile(folder / "thermal/mlx90640" / name, "<u2") for name in ("eeprom.bin", "frame0.bin"))
    reference = np.loadtxt(folder / "thermal/mlx90640/to0.csv", delimiter=",")
    image = temperatures(frame, MLX90640Calibration.from_eeprom(eeprom), emissivity=1.0)
    measured = reference != 0
    worst = float(np.abs(image.temperatures_c - reference)[measured].max())
    # The reference is printed with three digits: half of the last one comes on top of the maker's 0.0006 °C.
    yield _number(
        file, _("largest of {count} pixel errors").format(count=int(measured.sum())), 0.0, worst, 0.0011, "Cel"
    )
