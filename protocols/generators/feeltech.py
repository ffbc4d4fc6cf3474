"""FeelTech FY6900: lines that end with a line feed, a bare line feed for "done". No I/O.

Source: FeelTech, "FY6900 Series Host Computer Communication Protocol Specification", Rev 1.8, and the driver pyfy6900
for the units of answers (amplitude in 0.1 mV, offset in mV as 32-bit two's complement).
"""

from collections.abc import Sequence

from protocols.generators.settings import ChannelSettings, GeneratorError, number

LINE_END = b"\n"
IDENTIFY = "UMO"
CHANNELS = 2
_LETTER = {1: "M", 2: "F"}
_WRAP = 1 << 32


def set_up(channel: int, wanted: ChannelSettings) -> tuple[str, ...]:
    """Return the commands that set one channel, each answered by `acknowledged`."""
    letter = _LETTER[channel]
    return (
        f"W{letter}W{wanted.wave:02d}",
        f"W{letter}F{wanted.frequency_hz:015.6f}",
        f"W{letter}A{wanted.amplitude_vpp:.4f}",
        f"W{letter}O{wanted.offset_v:.3f}",
    )


def switch(channel: int, on: bool, states: Sequence[bool]) -> str:  # noqa: ARG001 - one protocol for both makes
    """Return the command that switches one output; the others' ``states`` have no part in it."""
    return f"W{_LETTER[channel]}N{int(on)}"


def acknowledged(answer: str) -> bool:
    """Whether ``answer`` to a command says that it was carried out."""
    return not answer.strip()


def questions(channel: int) -> tuple[str, ...]:
    """Return the questions whose answers `settings` reads."""
    letter = _LETTER[channel]
    return (f"R{letter}W", f"R{letter}F", f"R{letter}A", f"R{letter}O")


def settings(channel: int, answers: Sequence[str]) -> ChannelSettings:  # noqa: ARG001 - one protocol for both makes
    """Return what the answers to `questions` tell."""
    wave, frequency, amplitude, offset = map(number, answers)
    if wave != int(wave):
        raise GeneratorError(f"expected the number of a shape, found {answers[0][:40]!r}")
    signed = offset - _WRAP if offset >= _WRAP / 2 else offset
    return ChannelSettings(int(wave), frequency, amplitude / 1e4, signed / 1e3)


def state_questions() -> tuple[str, ...]:
    """Return the questions whose answers `states` reads."""
    return ("RMN", "RFN")


def states(answers: Sequence[str]) -> tuple[bool, ...]:
    """Return which outputs are on (``255`` or ``1``)."""
    values = [number(answer) for answer in answers]
    if any(value not in (0, 1, 255) for value in values):
        raise GeneratorError(f"expected 0 or 255 as the state of an output, found {answers!r}"[:120])
    return tuple(value != 0 for value in values)


def identity(answer: str) -> str:
    """Return the model that ``answer`` names (``FY6900-60M``)."""
    return answer.strip()


def maximum_mhz(name: str) -> float | None:
    """Return the highest frequency of a sine, in MHz, as the model's name tells it."""
    _, _, tail = name.partition("-")
    return float(tail[:-1]) if tail.endswith("M") and tail[:-1].isdecimal() and tail.isascii() else None
