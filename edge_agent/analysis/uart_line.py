"""What a serial line says and how well it says it, from a scope record: for test plans."""

from dataclasses import dataclass

from edge_agent.analysis.decode.edges import digitised
from edge_agent.analysis.decode.uart import Parity, UartFormat, decode, estimate_baud
from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined
from protocols.quantity import Quantity
from protocols.waveform import Waveform


@dataclass(frozen=True, slots=True)
class UartLine:
    """A decoded line. ``text`` shows bytes that are no printable ASCII as ``\\xNN``."""

    baud: Answer
    baud_error: Answer
    """Relative to the expected rate, %."""
    count: Quantity
    framing_errors: Quantity
    parity_errors: Quantity
    text: str


def uart_line(
    waveform: Waveform,
    baud: float,
    *,
    data_bits: int = 8,
    parity: str = "none",
    inverted: bool = False,
    accuracy: Accuracy = IDEAL,
) -> UartLine | NoAnswer:
    """Decode ``waveform`` at the rate that it really has, and compare that with the expected ``baud``.

    The threshold is the middle between the record's extremes, with a quarter of the swing as hysteresis. When the
    measured rate cannot be found (a short text), the expected one is used.

    Source: EIA-232 framing, start and stop bits. Units: Bd, %, numbers of frames. Accuracy: bit-exact to ± 4.5 % of
    baud; the rate to 0.01 % in 2,000 bytes. Limits: 2 samples a bit, 16 edges for a measured rate.
    """
    edges = digitised(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    if inverted:
        edges = edges.inverted()
    measured = estimate_baud(edges)
    rate = measured.value if isinstance(measured, Quantity) else baud
    if edges.sample_rate_hz / rate < 2:
        return NoAnswer(f"{edges.sample_rate_hz:g} samples/s are too few for {rate:.0f} baud; 2 a bit are needed")
    frames = decode(edges, UartFormat(rate, data_bits, Parity(parity)))
    return UartLine(
        baud=_with_time_base(measured, accuracy),
        baud_error=_relative_error(_with_time_base(measured, accuracy), baud),
        count=Quantity(float(frames.words.size), "1", 0.0),
        framing_errors=Quantity(float(frames.framing_errors.sum()), "1", 0.0),
        parity_errors=Quantity(float(frames.parity_errors.sum()), "1", 0.0),
        text="".join(chr(b) if b in b"\r\n\t" or 32 <= b < 127 else f"\\x{b:02x}" for b in frames.data),
    )


def _with_time_base(measured: Answer, accuracy: Accuracy) -> Answer:
    if isinstance(measured, NoAnswer):
        return measured
    uncertainty = combined(measured.standard_uncertainty, accuracy.of_time(measured.value))
    return Quantity(measured.value, measured.unit, uncertainty)


def _relative_error(measured: Answer, expected: float) -> Answer:
    if isinstance(measured, NoAnswer):
        return measured
    uncertainty = measured.standard_uncertainty
    return Quantity(
        (measured.value / expected - 1) * 100, "%", None if uncertainty is None else uncertainty / expected * 100
    )
