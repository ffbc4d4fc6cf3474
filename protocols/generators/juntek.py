"""Juntek JDS6600: ``:r23=0.`` reads and ``:w23=100000,0.`` writes a numbered parameter, ``:ok`` says "done". No I/O.

Source: libsigrok's driver juntek-jds6600, which describes numbers, units and scale codes, as the maker's own document
leaves them open: frequency in 0.01 Hz with a scale code, amplitude in mV, offset in 10 mV above -10 V.
"""

import re
from collections.abc import Sequence

from protocols.generators.settings import ChannelSettings, GeneratorError, number

LINE_END = b"\r\n"
IDENTIFY = ":r00=0."
CHANNELS = 2
ENABLE, WAVE, FREQUENCY, AMPLITUDE, OFFSET = 20, 21, 23, 25, 27
"""Numbers of the parameters; those after the first are channel 1's, and channel 2's follow."""
_ANSWER = re.compile(r":r(\d{2})=([-+\d.,]*?)\.?", re.ASCII)
_HZ_CODES = (0, 1, 2)
"""Scale codes with which the frequency is in 0.01 Hz: Hz, kHz and MHz on the display."""


def set_up(channel: int, wanted: ChannelSettings) -> tuple[str, ...]:
    """Return the commands that set one channel, each answered by `acknowledged`."""
    at = channel - 1
    return (
        f":w{WAVE + at:02d}={wanted.wave}.",
        f":w{FREQUENCY + at:02d}={round(wanted.frequency_hz * 100)},0.",
        f":w{AMPLITUDE + at:02d}={round(wanted.amplitude_vpp * 1000)}.",
        f":w{OFFSET + at:02d}={round((wanted.offset_v + 10) * 100)}.",
    )


def switch(channel: int, on: bool, states: Sequence[bool]) -> str:
    """Return the command that switches one output and leaves the others as ``states`` has them."""
    wanted = [on if number == channel else state for number, state in enumerate(states, 1)]
    return f":w{ENABLE}={','.join(str(int(one)) for one in wanted)}."


def acknowledged(answer: str) -> bool:
    """Whether ``answer`` to a command says that it was carried out."""
    return answer.strip().rstrip(".") == ":ok"


def questions(channel: int) -> tuple[str, ...]:
    """Return the questions whose answers `settings` reads."""
    return tuple(f":r{base + channel - 1:02d}=0." for base in (WAVE, FREQUENCY, AMPLITUDE, OFFSET))


def settings(channel: int, answers: Sequence[str]) -> ChannelSettings:
    """Return what the answers to `questions` tell; an answer to another question is an error."""
    at = channel - 1
    wave, frequency, amplitude, offset = (
        _values(answer, base + at) for answer, base in zip(answers, (WAVE, FREQUENCY, AMPLITUDE, OFFSET), strict=True)
    )
    if len(frequency) != 2 or not {len(wave), len(amplitude), len(offset)} == {1} or wave[0] != int(wave[0]):
        raise GeneratorError(f"{answers!r}"[:100] + " are no settings of a channel")
    return ChannelSettings(int(wave[0]), _frequency_hz(*frequency), amplitude[0] / 1000, round(offset[0]) / 100 - 10)


def state_questions() -> tuple[str, ...]:
    """Return the questions whose answers `states` reads."""
    return (f":r{ENABLE}=0.",)


def states(answers: Sequence[str]) -> tuple[bool, ...]:
    """Return which outputs are on."""
    values = _values(answers[0], ENABLE)
    if len(values) != CHANNELS or any(value not in (0, 1) for value in values):
        raise GeneratorError(f"expected the states of two outputs, found {answers[0][:40]!r}")
    return tuple(value == 1 for value in values)


def identity(answer: str) -> str:
    """Return the model that ``answer`` names by its highest frequency (``JDS6600-60M``)."""
    values = _values(answer, 0)
    if len(values) != 1 or not 1 <= values[0] <= 1000:
        raise GeneratorError(f"expected the model's highest frequency, found {answer[:40]!r}")
    return f"JDS6600-{values[0]:g}M"


def maximum_mhz(name: str) -> float | None:
    """Return the highest frequency of a sine, in MHz, as the model's name tells it."""
    _, _, tail = name.partition("-")
    return number(tail.removesuffix("M")) if tail else None


def _values(answer: str, index: int) -> list[float]:
    match = _ANSWER.fullmatch(answer.strip())
    if match is None or int(match[1]) != index:
        raise GeneratorError(f"expected the parameter {index:02d}, found {answer[:40]!r}")
    return [number(part) for part in match[2].split(",")]


def _frequency_hz(mantissa: float, scale: float) -> float:
    if scale not in _HZ_CODES:
        raise GeneratorError(f"the frequency is set in mHz or µHz (scale code {scale:g}), which cannot be read")
    return mantissa / 100
