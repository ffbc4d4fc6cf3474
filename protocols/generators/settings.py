"""What all generator protocols tell and take: one channel's settings."""

from dataclasses import dataclass

from protocols.errors import ProtocolError


class GeneratorError(ProtocolError):
    """An answer that does not follow the protocol."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel: ``wave`` is the protocol's own number of the shape, levels are into an open output."""

    wave: int
    frequency_hz: float
    amplitude_vpp: float
    offset_v: float


def number(text: str) -> float:
    """Return a plain decimal number; raise `GeneratorError` for anything else."""
    stripped = text.strip()
    if not stripped or len(stripped) > 30 or stripped.strip("+-0123456789.") or not stripped.isascii():
        raise GeneratorError(f"expected a number, found {text[:40]!r}")
    try:
        return float(stripped)
    except ValueError as error:
        raise GeneratorError(f"expected a number, found {text[:40]!r}") from error
