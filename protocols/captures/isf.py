"""Tektronix ``.isf`` files: the answer to ``WAVFrm?``, a preamble of settings and a block of samples.

Source: Tektronix FAQ 53511 and the programmer manuals' "Waveform Transfer Commands" (TDS200/1000/2000/3000, MSO/DPO,
MDO). Keys come in long or short form (``NR_PT``, ``NR_P``), behind ``:WFMPRE:``, ``:WFMP:``, ``:WFMOUTPRE:`` or alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from protocols.captures.columns import channel_name, parse_unit
from protocols.captures.errors import CaptureError, quoted
from protocols.captures.quantisation import quantisation_step
from protocols.waveform import Capture, Waveform

_PREAMBLE_LIMIT_BYTES = 1 << 14
_START = re.compile(rb"\s*:?(?:(?:WFMP(?:RE)?|WFMO(?:UTPRE)?):|BYT_NR?\s|BIT_NR?\s)", re.IGNORECASE)
_NEXT = re.compile(rb"\s*;?\s*(?=:?(?:WFMP(?:RE)?|WFMO(?:UTPRE)?):)", re.IGNORECASE)
_MOST_WAVEFORMS = 64
_CURVE = re.compile(rb"[;\n]\s*:?CURVE?\s+(?=[#+\-\d])", re.IGNORECASE)
_SETTING = re.compile(r'(?:[^;"]|"[^"]*")+')
_KEYS = {
    "BYT_NR": 5, "BIT_NR": 5, "ENCDG": 3, "BN_FMT": 4, "BYT_OR": 5, "NR_PT": 4, "WFID": 3, "PT_FMT": 4, "XINCR": 3,
    "PT_OFF": 4, "XZERO": 3, "XUNIT": 3, "YMULT": 3, "YZERO": 3, "YOFF": 3, "YUNIT": 3,
}  # fmt: skip
"""Long form of each key → letters of its short form."""
_ENCODINGS = {
    "RIB": ("RI", "MSB"), "RPB": ("RP", "MSB"), "FPB": ("FP", "MSB"),
    "SRI": ("RI", "LSB"), "SRP": ("RP", "LSB"), "SFP": ("FP", "LSB"),
}  # fmt: skip
"""First letters of the encodings of ``DATa:ENCdg``: format and byte order, where the preamble does not state them."""
_SOURCE = re.compile(r"\s*((?:ch|math|ref|d)\s*\d*)", re.IGNORECASE)


def matches(data: bytes) -> bool:
    """Tell whether ``data`` begins like an ``.isf`` file."""
    return _START.match(data) is not None


def read_isf(data: bytes, name: str = "scope.isf") -> Capture:
    """Read a waveform, or several one behind the other (the answer to ``WAVFrm?`` with several sources).

    Peak-detect and envelope records come as two, ``… minimum`` and ``… maximum``. Raises ``CaptureError``.
    """
    analog: list[Waveform] = []
    metadata = {"format": "Tektronix ISF"}
    at = 0
    for _ in range(_MOST_WAVEFORMS):
        waves, at, described = _waveform(data, at, name)
        analog += waves
        if described:
            metadata.setdefault("settings", described)
        following = _NEXT.match(data, at)
        if following is None:
            break
        at = following.end()
    return Capture(analog=tuple(analog), metadata=metadata)


def _waveform(data: bytes, at: int, name: str) -> tuple[list[Waveform], int, str]:
    """Return the waveforms of one preamble and curve, where the curve ends, and how the scope describes it."""
    curve = _CURVE.search(data, at, at + _PREAMBLE_LIMIT_BYTES)
    if curve is None:
        raise CaptureError(f"{name}: has no :CURVE behind its settings; save the waveform again")
    settings = _Settings(name, _settings(data[at : curve.start()].decode("latin-1")))
    codes, end = _codes(data, curve.end(), settings)
    start_s = settings.number("XZERO", 0.0) - settings.number("PT_OFF", 0.0) * settings.interval_s
    scale = settings.number("YMULT")
    if scale == 0:
        raise settings.fail("YMULT", "is 0, so all samples would be alike")
    unit = parse_unit(settings.text("YUNIT", "V"))
    described = settings.text("WFID", "")
    source = _SOURCE.match(described)
    label = channel_name(source[1]) if source else "waveform"
    step = quantisation_step(codes)

    def waveform(name: str, samples: npt.NDArray[Any], interval_s: float) -> Waveform:
        factor = 1.0 if unit is None else unit.factor
        return Waveform(
            name=name,
            codes=samples,
            sample_interval_s=interval_s,
            unit="1" if unit is None else unit.code,
            scale=scale * factor,
            offset=(settings.number("YZERO", 0.0) - settings.number("YOFF", 0.0) * scale) * factor,
            start_s=start_s,
            resolution=None if step is None else step * abs(scale) * factor,
        )

    if not settings.text("PT_FMT", "Y").upper().startswith("ENV"):
        return [waveform(label, codes, settings.interval_s)], end, described
    if codes.size % 2:
        raise settings.fail("PT_FMT", f"is ENV, pairs of samples, but there are {codes.size}")
    # The manuals count pairs; MSO and DPO count samples, and their XINCR is the time of one.
    pair_s = settings.interval_s * (2 if settings.whole("NR_PT", codes.size) == codes.size else 1)
    pairs = codes.reshape(-1, 2)
    minima, maxima = (pairs.min(axis=1), pairs.max(axis=1)) if scale > 0 else (pairs.max(axis=1), pairs.min(axis=1))
    return [waveform(f"{label} minimum", minima, pair_s), waveform(f"{label} maximum", maxima, pair_s)], end, described


@dataclass(frozen=True, slots=True)
class _Settings:
    name: str
    found: Mapping[str, str]

    def fail(self, key: str, reason: str) -> CaptureError:
        return CaptureError(f"{self.name}: {key} {reason}; save the waveform again")

    def text(self, key: str, default: str) -> str:
        return self.found.get(key, default)

    def number(self, key: str, default: float | None = None) -> float:
        text = self.found.get(key)
        if text is None and default is not None:
            return default
        try:
            value = float(text or "")
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e30:
            raise self.fail(key, "is missing" if text is None else f"is {quoted(text)}, no number")
        return value

    def whole(self, key: str, default: int) -> int:
        value = self.number(key, float(default))
        if value != int(value) or value < 0:
            raise self.fail(key, f"is {value:g}, no count")
        return int(value)

    @property
    def interval_s(self) -> float:
        interval_s = self.number("XINCR")
        if not 1e-18 < interval_s < 1e6 or self.text("XUNIT", "s").lower() not in ("s", ""):
            raise self.fail("XINCR", f"of {interval_s:g} {self.text('XUNIT', 's')} is no sample interval")
        return interval_s


def _settings(preamble: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _SETTING.findall(preamble):
        key, _, value = part.strip().partition(" ")
        word = key.rsplit(":", 1)[-1].upper()
        for long, letters in _KEYS.items():
            if len(word) >= letters and long.startswith(word):
                found[long] = value.strip().strip('"')
    return found


def _codes(data: bytes, at: int, settings: _Settings) -> tuple[npt.NDArray[Any], int]:
    """Return the samples of the curve that begins at ``at``, and where it ends."""
    if settings.text("ENCDG", "BIN").upper().startswith("ASC"):
        codes, end = _ascii_codes(data, at, settings)
    else:
        codes, end = _binary_codes(data, at, settings)
    if not np.isfinite(codes).all():
        raise settings.fail("CURVE", "has samples that are no numbers")
    return codes, end


def _binary_codes(data: bytes, at: int, settings: _Settings) -> tuple[npt.NDArray[Any], int]:
    """Read a block of IEEE 488.2: ``#42500…``, or ``#0…`` that goes on to the end of the file."""
    kind = _sample_type(settings)
    digits = data[at + 1 : at + 2]
    count_text = data[at + 2 : at + 2 + int(digits)] if digits.isdigit() else b""
    if data[at : at + 1] != b"#" or not (count_text.isdigit() or digits == b"0"):
        raise settings.fail("CURVE", f"begins with {quoted(data[at : at + 12].decode('latin-1'))}, no block")
    at += 2 + len(count_text)
    count = int(count_text) if count_text else len(data) - at - data.endswith(b"\n")
    if at + count > len(data):
        raise settings.fail("CURVE", f"has {len(data) - at} of {count} bytes, the file was cut")
    if count == 0 or count % kind.itemsize:
        raise settings.fail("CURVE", f"of {count} bytes does not hold samples of {kind.itemsize} bytes")
    return np.frombuffer(data, kind, count // kind.itemsize, at), at + count


def _sample_type(settings: _Settings) -> np.dtype[Any]:
    width = settings.whole("BYT_NR", 1)
    form, order = _ENCODINGS.get(settings.text("ENCDG", "")[:3].upper(), ("RI", "MSB"))
    form = settings.text("BN_FMT", form).upper()
    kind = {"RI": "i", "RP": "u", "FP": "f"}.get(form)
    if kind is None or width not in ((4, 8) if kind == "f" else (1, 2, 4, 8)):
        raise settings.fail("BN_FMT", f"{quoted(form)} with {width} bytes a sample is not known")
    return np.dtype(f"{'<' if settings.text('BYT_OR', order).upper().startswith('LSB') else '>'}{kind}{width}")


def _ascii_codes(data: bytes, at: int, settings: _Settings) -> tuple[npt.NDArray[Any], int]:
    end = min((place for place in (data.find(b";", at), data.find(b"\n", at)) if place >= 0), default=len(data))
    try:
        codes = np.array(data[at:end].strip().split(b","), np.float64)
    except ValueError as error:
        raise settings.fail("CURVE", "has a sample that is no number") from error
    if codes.size < settings.whole("NR_PT", codes.size):
        raise settings.fail("CURVE", f"has {codes.size} of {settings.whole('NR_PT', 0)} samples, the file was cut")
    return codes, end
