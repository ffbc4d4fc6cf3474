"""Mean and standard deviation of a record, to the accuracy of NIST's Statistical Reference Datasets."""

import math
from dataclasses import dataclass

from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined, quantisation_uncertainty
from edge_agent.analysis.samples import code_deviation, code_mean, problem, quantisation_step
from protocols.quantity import Quantity
from protocols.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of all samples, in the waveform's unit; ``deviation`` with n - 1."""

    mean: Quantity
    deviation: Quantity
    minimum: Quantity
    maximum: Quantity
    count: Quantity


def statistics(waveform: Waveform, *, accuracy: Accuracy = IDEAL) -> Statistics | NoAnswer:
    """Return mean, standard deviation (n - 1) and extremes of ``waveform``, by two passes over the samples.

    Source: NIST Statistical Reference Datasets. Units: the waveform's. Accuracy: 8 digits of the standard deviation
    of NumAcc4, where one pass over the squares has none. The mean's uncertainty is that of independent samples
    (deviation / √n): a drift or a slow ripple makes the samples dependent and the doubt larger. Limits: at least 2
    samples.
    """
    refusal = problem(waveform, 2)
    if refusal:
        return refusal
    codes, scale, offset, unit = waveform.codes, waveform.scale, waveform.offset, waveform.unit
    centre = code_mean(codes)
    mean, deviation = centre * scale + offset, code_deviation(codes, centre) * abs(scale)
    low, high = sorted(float(code) * scale + offset for code in (codes.min(), codes.max()))
    step = quantisation_uncertainty(quantisation_step(waveform))
    n = codes.size
    return Statistics(
        mean=Quantity(mean, unit, combined(deviation / math.sqrt(n), step / math.sqrt(n), accuracy.of_level(mean))),
        deviation=Quantity(
            deviation, unit, combined(deviation / math.sqrt(2.0 * (n - 1)), accuracy.of_difference(deviation))
        ),
        minimum=Quantity(low, unit, combined(step, accuracy.of_level(low))),
        maximum=Quantity(high, unit, combined(step, accuracy.of_level(high))),
        count=Quantity(float(n), "1", 0.0),
    )
