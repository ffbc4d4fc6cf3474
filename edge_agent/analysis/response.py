"""Two signals of one frequency: gain and phase, impedance, and the V-I signature of a part."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.samples import problem
from edge_agent.analysis.sine_fit import SineFit, sine_fit_3
from protocols.quantity import Quantity
from protocols.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Response:
    """Output over input: ``gain`` (linear, in output unit over input unit), ``gain_db``, ``phase`` (deg, ±180)."""

    gain: Quantity
    gain_db: Quantity
    phase: Quantity


@dataclass(frozen=True, slots=True)
class Signature:
    """``area`` enclosed by the V-I curve a cycle (V.A), greatest ``distance`` from the reference (% of its span)."""

    area: Quantity
    distance: Quantity | NoAnswer


def response(
    waveforms: tuple[Waveform, ...] | list[Waveform], *, frequency_hz: float, accuracy: Accuracy = IDEAL
) -> Response | NoAnswer:
    """Return gain and phase of the second waveform against the first at ``frequency_hz``, by 3-parameter sine fits.

    With a voltage second and a current first, gain and phase are those of the impedance.

    Source: ratio of 3-parameter sine fits (IEEE Std 1057-2017). Units: output over input unit, dB, deg. Accuracy:
    0.00004 dB and 0.0009° on an RC at its corner at 8 bit (aim 0.002 dB, 0.011°); impedance 0.0003 %. Limits: both
    records of one time axis; a component 5 times its own doubt.
    """
    if len(waveforms) != 2:
        return NoAnswer(f"a response is that of two waveforms, input and output, not {len(waveforms)}")
    fits = []
    for waveform in waveforms:
        fit = sine_fit_3(waveform, frequency_hz=frequency_hz)
        if not isinstance(fit, SineFit):
            return NoAnswer(f"{waveform.name}: {fit.reason}")
        # Below this the amplitude is noise: a tone of n samples stands out by √(n / 2).
        if fit.amplitude.value < 5 * (fit.amplitude.standard_uncertainty or 0.0):
            return NoAnswer(f"{waveform.name} has no component at {frequency_hz:g} Hz that stands out of its noise")
        fits.append(fit)
    source, output = fits
    gain = output.amplitude.value / source.amplitude.value
    relative = combined(
        *((fit.amplitude.standard_uncertainty or 0.0) / fit.amplitude.value for fit in fits),
        math.sqrt(2.0) * accuracy.gain,
    )
    u_phase = combined(source.phase.standard_uncertainty, output.phase.standard_uncertainty)
    phase = math.remainder(output.phase.value - source.phase.value, 2 * math.pi)
    same_unit = waveforms[0].unit == waveforms[1].unit
    unit = "1" if same_unit else f"{waveforms[1].unit}/{waveforms[0].unit}"
    to_db = 20.0 / math.log(10.0)
    return Response(
        gain=Quantity(gain, unit, None if relative is None else gain * relative),
        gain_db=Quantity(20 * math.log10(gain), "dB", None if relative is None else to_db * relative),
        phase=Quantity(math.degrees(phase), "deg", None if u_phase is None else math.degrees(u_phase)),
    )


def vi_signature(
    waveforms: tuple[Waveform, ...] | list[Waveform],
    *,
    cycles: int = 1,
    reference: Waveform | None = None,
) -> Signature | NoAnswer:
    """Return the area of the V-I curve (voltage first, current second) over a record of ``cycles`` whole cycles.

    ``reference`` is the current of a good part at the same voltages; the distance is the greatest difference of
    current in % of the reference's span.

    Source: area of the V-I curve (shoelace formula), π·V·I for a capacitor. Units: V.A a cycle, %. Accuracy:
    0.00004 % of a capacitor's ellipse (aim 0.0007 %). Limits: whole ``cycles`` in the record, one time axis; the
    sign of the area is left out.
    """
    if len(waveforms) != 2 or waveforms[0].codes.size != waveforms[1].codes.size:
        return NoAnswer("a V-I signature takes two waveforms of equal length, voltage and current")
    for waveform in waveforms:
        refusal = problem(waveform, 16)
        if refusal:
            return refusal
    voltage, current = waveforms[0].values(), waveforms[1].values()
    area = abs(_enclosed(voltage, current)) / cycles
    noise = _noise(voltage) * float(np.std(current)) + _noise(current) * float(np.std(voltage))
    unit = f"{waveforms[0].unit}.{waveforms[1].unit}"
    distance: Quantity | NoAnswer = NoAnswer("no reference is given")
    if reference is not None:
        golden = reference.values()
        if golden.size != current.size:
            return NoAnswer("signature and reference differ in length")
        span = float(np.ptp(golden))
        if span == 0.0:
            return NoAnswer("no current flows in the reference")
        value = 100.0 * float(np.abs(current - golden).max()) / span
        distance = Quantity(value, "%", 100.0 * math.hypot(_noise(current), _noise(golden)) / span)
    return Signature(Quantity(area, unit, 2 * math.pi * noise / math.sqrt(voltage.size)), distance)


def _enclosed(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """Return the area of the closed curve through the points (shoelace formula)."""
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def _noise(values: npt.NDArray[np.float64]) -> float:
    return float(np.median(np.abs(np.diff(values, 2)))) / 0.6745 / math.sqrt(6.0)
