"""What of a record is compared with good units: a vector of numbers along an axis, one kind for each sort of record.

- ``waveform``: samples, aligned below a sample; records above 4,096 samples as means of equal blocks (look for
  glitches with ``pulse`` or ``dropouts``, which see every sample).
- ``spectrum``: power in 256 bands of equal ratio, dB against 1 unit², Hann window.
- ``response``: gain of the second record against the first in 128 such bands, dB, by averaged cross spectra (H1
  estimate), from the lines of the first that are within 60 dB of its strongest.
- ``vi``: current over one cycle of the voltage, 256 phases, all cycles of the record averaged, for a voltage of
  amplitude 1: what a resistor in the drive takes from the voltage is the part's doing as well.
- ``heat``: temperatures above the image's median, aligned to the good board by phase correlation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.golden import delay_samples, shifted
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.samples import problem
from protocols.waveform import ThermalImage, Waveform

Floats = npt.NDArray[np.float64]
MOST_POINTS = 4096
MARGIN = 16
"""A waveform may come by 1/16 of the record earlier or later; as much is left out at each end."""
BANDS, RESPONSE_BANDS, PHASES = 256, 128, 256
_SEGMENTS = 8
_FLOOR = 1e-30
_WEAKEST_DRIVE = 1e-6
"""Power of a line of the stimulus against the strongest, from which it tells something of a response."""


class MaskKind(StrEnum):
    """Sorts of records that can be compared with good units."""

    WAVEFORM = "waveform"
    SPECTRUM = "spectrum"
    RESPONSE = "response"
    VI = "vi"
    HEAT = "heat"


INPUTS = {MaskKind.WAVEFORM: 1, MaskKind.SPECTRUM: 1, MaskKind.RESPONSE: 2, MaskKind.VI: 2}
"""How many waveforms a kind takes."""


@dataclass(frozen=True, slots=True)
class Features:
    """``values`` along ``axis`` (s, Hz, degrees of phase, or numbers of pixels); ``columns`` of an image's row."""

    values: Floats
    axis: Floats
    unit: str
    axis_unit: str
    columns: int = 0


def features(
    kind: MaskKind, records: Sequence[Waveform] | ThermalImage, reference: Floats | None = None
) -> Features | NoAnswer:
    """Return the features of a record; ``reference`` are those of good units (of one, while learning) to align to."""
    if isinstance(records, ThermalImage):
        return _heat(records, reference)
    wanted = INPUTS[kind]
    if len(records) != wanted:
        return NoAnswer(f"a {kind} takes {wanted} waveforms, not {len(records)}")
    for one in records:
        refusal = problem(one, 256)
        if refusal:
            return refusal
    if len({(one.codes.size, one.sample_interval_s) for one in records}) > 1:
        return NoAnswer("the waveforms differ in length or sample rate")
    match kind:
        case MaskKind.WAVEFORM:
            return _waveform(records[0], reference)
        case MaskKind.SPECTRUM:
            return _spectrum(records[0])
        case MaskKind.RESPONSE:
            return _response(records[0], records[1])
    return _vi(records[0], records[1])


def _waveform(record: Waveform, reference: Floats | None) -> Features | NoAnswer:
    values = record.values()
    block = -(-values.size // MOST_POINTS)
    values = values[: values.size // block * block].reshape(-1, block).mean(axis=1)
    margin = values.size // MARGIN
    inner = slice(margin, values.size - margin)
    interval = record.sample_interval_s * block
    axis = record.start_s + interval * (np.arange(values.size) + (block - 1) / 2 / block)
    if reference is not None:
        if reference.size != values.size - 2 * margin:
            return NoAnswer("the record is not as long as those of the good units; take it at the same settings")
        # What the good units showed at the ends is not kept; a mean there does no harm under the Hann window.
        whole = np.full(values.size, reference.mean())
        whole[inner] = reference
        delay = delay_samples(values, whole)
        if abs(delay) > margin:
            return NoAnswer(f"the record begins {delay * interval:.3g} s off the good units; trigger as they did")
        values = shifted(values, -delay)
    return Features(values[inner], axis[inner], record.unit, "s")


def _bands(n: int, interval: float, count: int, lowest_bin: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the first bin of each band (and the end of the last), and the bands' centres in Hz."""
    edges = np.unique(np.round(np.geomspace(lowest_bin, n // 2 + 1, count + 1)).astype(np.int64))
    centres = np.sqrt(edges[:-1] * (edges[1:] - 1.0 + (edges[1:] == edges[:-1]))) / (n * interval)
    return edges, centres


def _spectrum(record: Waveform) -> Features:
    from scipy import fft

    values = record.values()
    n = values.size
    window = np.hanning(n)
    power = np.abs(fft.rfft((values - values.mean()) * window)) ** 2 / float(window @ window) / n * 2
    edges, centres = _bands(n, record.sample_interval_s, BANDS, 2)
    banded = np.add.reduceat(power, edges[:-1])
    return Features(10 * np.log10(banded + _FLOOR), centres, "dB", "Hz")


def _response(first: Waveform, second: Waveform) -> Features | NoAnswer:
    from scipy import fft

    length = first.codes.size // _SEGMENTS
    window = np.hanning(length)

    def spectra(record: Waveform) -> npt.NDArray[np.complex128]:
        parts = record.values()[: length * _SEGMENTS].reshape(_SEGMENTS, length)
        return np.asarray(fft.rfft((parts - parts.mean(axis=1, keepdims=True)) * window, axis=1))

    x, y = spectra(first), spectra(second)
    edges, centres = _bands(length, first.sample_interval_s, RESPONSE_BANDS, 2)
    power = (np.abs(x) ** 2).sum(axis=0)
    # Between the lines of a periodic stimulus there is noise alone, which would count as drive.
    lines = power > _WEAKEST_DRIVE * power[edges[0] :].max()
    drive = np.add.reduceat(np.where(lines, power, 0.0), edges[:-1])
    cross = np.abs(np.add.reduceat(np.where(lines, (np.conj(x) * y).sum(axis=0), 0.0), edges[:-1]))
    driven = drive > 0.0
    if not driven.any():
        return NoAnswer("the first record has no power: drive the input with noise, a sweep or a square wave")
    gain = np.full(drive.size, np.nan)
    gain[driven] = 20 * np.log10(cross[driven] / drive[driven] + 1e-12)
    # Bands that the stimulus leaves out say nothing: they take the value of the nearest that it drives.
    places = np.arange(gain.size)
    gain = np.interp(places, places[driven], gain[driven])
    return Features(gain, centres, "dB", "Hz")


def _vi(voltage: Waveform, current: Waveform) -> Features | NoAnswer:
    from scipy import fft

    v, i = voltage.values(), current.values()
    spectrum = fft.rfft(v - v.mean())
    cycle = int(np.argmax(np.abs(spectrum[1:]))) + 1
    if cycle < 1 or np.abs(spectrum[cycle]) < 1e-9:
        return NoAnswer("the voltage does not swing; drive the part with a sine")
    # Phase of the voltage's fundamental at each sample, so that records need not begin alike.
    phase = 2 * math.pi * cycle * np.arange(v.size) / v.size + np.angle(spectrum[cycle])
    place = np.floor((phase / (2 * math.pi) % 1.0) * PHASES).astype(np.int64) % PHASES
    counts = np.bincount(place, minlength=PHASES)
    if counts.min() == 0:
        return NoAnswer(f"fewer than {PHASES} samples a cycle; sample faster or take more cycles")
    amplitude = 2.0 * float(np.abs(spectrum[cycle])) / v.size
    folded = np.bincount(place, weights=i, minlength=PHASES) / counts / amplitude
    unit = "1" if current.unit == voltage.unit else f"{current.unit}/{voltage.unit}"
    return Features(folded, np.arange(PHASES) * 360.0 / PHASES, unit, "deg")


def _heat(image: ThermalImage, reference: Floats | None) -> Features | NoAnswer:
    from edge_agent.analysis.registration import aligned

    field = image.temperatures_c.astype(np.float64)
    if not np.isfinite(field).all():
        return NoAnswer("the image has pixels without a temperature")
    if reference is not None:
        if reference.size != field.size:
            return NoAnswer("the image is of another size than those of the good units")
        golden = ThermalImage(reference.reshape(field.shape).astype(np.float32), image.emissivity)
        moved = aligned(image, golden)
        if not isinstance(moved, NoAnswer):
            field = np.where(np.isfinite(moved.temperatures_c), moved.temperatures_c, field)
    field = field - np.median(field)
    return Features(field.ravel(), np.arange(field.size, dtype=np.float64), "K", "1", field.shape[1])
