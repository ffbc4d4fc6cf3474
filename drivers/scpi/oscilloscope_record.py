"""Reading one channel's whole memory: its description first, then the samples in pieces."""

import numpy as np
import numpy.typing as npt

from drivers.capabilities import ChannelSetup
from drivers.errors import BadResponse
from drivers.scpi.link import ScpiLink
from drivers.scpi.model import Value
from drivers.scpi.oscilloscope_model import SAMPLE_BYTES, ScpiOscilloscopeProfile
from protocols.errors import ProtocolError
from protocols.scope_preamble import MAX_POINTS, Preamble, from_descriptor, from_fields, from_settings, parse_with_unit
from protocols.waveform import Waveform


def read_record(link: ScpiLink, profile: ScpiOscilloscopeProfile, setup: ChannelSetup, record_s: float) -> Waveform:
    """Return the record of ``setup``'s channel, codes in the instrument's own type; ``record_s`` is the screen's width.

    Raises ``BadResponse`` when the description cannot be used, or when a piece holds another number of samples than
    it should: a record is whole or an error.
    """
    channel = setup.channel
    for name in profile.wave.settings:
        _send(link, name, channel=channel)
    try:
        preamble = _preamble(link, profile, channel, record_s)
    except ProtocolError as error:
        raise BadResponse(f"{link.label}, channel {channel}: {error}; capture again") from error
    codes = _codes(link, profile, channel, preamble.points)
    if preamble.points is None:
        _check_span(link, channel, codes.size, preamble.interval_s, record_s)
    step = profile.wave.resolution_codes
    return Waveform(
        name=f"CH{channel}",
        codes=codes,
        sample_interval_s=preamble.interval_s,
        scale=preamble.scale,
        offset=preamble.offset,
        start_s=preamble.start_s,
        resolution=None if step is None else preamble.scale * step,
    )


def _preamble(link: ScpiLink, profile: ScpiOscilloscopeProfile, channel: int, record_s: float) -> Preamble:
    wave = profile.wave
    if wave.kind == "fields":
        text = link.ask("wave_preamble")
        return from_fields(text, wave.preamble, separator=wave.separator, y_origin_in=wave.y_origin_in)
    if wave.kind == "descriptor":
        data = link.ask_block("wave_preamble").tobytes()
        described = from_descriptor(data, span_s=record_s, sample_bytes=SAMPLE_BYTES[wave.sample])
        # The descriptor counts the points of one piece; the length of the record is asked for.
        points = parse_with_unit(link.ask("ask_points"))
        if not 1 <= points <= MAX_POINTS:
            raise BadResponse(f"{link.label} tells a record of {points:g} points; capture again")
        return Preamble(int(points), described.interval_s, described.start_s, described.scale, described.offset)
    assert wave.codes_per_division is not None  # noqa: S101 - the profile is checked for it
    return from_settings(
        scale_v=link.ask_number("ask_channel_scale", channel=channel),
        offset_v=link.ask_number("ask_channel_offset", channel=channel),
        sample_rate_hz=parse_with_unit(link.ask("ask_sample_rate")),
        span_s=record_s,
        codes_per_division=wave.codes_per_division,
    )


def _codes(
    link: ScpiLink, profile: ScpiOscilloscopeProfile, channel: int, points: int | None
) -> npt.NDArray[np.generic]:
    wave = profile.wave
    sample = np.dtype(wave.sample).newbyteorder("<")
    if points is None:
        return _piece(link, channel, sample)
    chunk = wave.chunk_points or points
    if link.has("ask_chunk_points"):
        chunk = max(1, min(points, int(link.ask_number("ask_chunk_points"))))
    if chunk >= points and not wave.piece:
        return _counted(_piece(link, channel, sample), link, channel, 0, points)
    codes = np.empty(points, dtype=sample)
    for first in range(0, points, chunk):
        stop = min(first + chunk, points)
        for name in wave.piece:
            _send(link, name, start=first + 1, stop=stop, first=first, count=stop - first)
        codes[first:stop] = _counted(_piece(link, channel, sample), link, channel, first, stop)
    return codes


def _piece(link: ScpiLink, channel: int, sample: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    takes_channel = "channel" in link.profile.commands["wave_data"].arguments
    data = link.ask_block("wave_data", channel=channel) if takes_channel else link.ask_block("wave_data")
    if not data.size or data.size % sample.itemsize:
        raise BadResponse(
            f"{link.label} sent {data.size} bytes for channel {channel}, which are no samples of {sample.itemsize} "
            f"bytes; capture again"
        )
    return data.view(sample)


def _counted(
    codes: npt.NDArray[np.generic], link: ScpiLink, channel: int, first: int, stop: int
) -> npt.NDArray[np.generic]:
    if codes.size != stop - first:
        raise BadResponse(
            f"{link.label} sent {codes.size} samples for points {first + 1} to {stop} of channel {channel}; "
            f"ask again, or lower the memory depth"
        )
    return codes


def _check_span(link: ScpiLink, channel: int, points: int, interval_s: float, record_s: float) -> None:
    """Raise ``BadResponse`` when the samples do not fill the screen, as nothing else tells how many they should be."""
    if abs(points * interval_s - record_s) > 0.01 * record_s + 2 * interval_s:
        raise BadResponse(
            f"{link.label} sent {points} samples of channel {channel}, which are {points * interval_s:g} s at its "
            f"sample rate instead of {record_s:g} s; capture again"
        )


def _send(link: ScpiLink, name: str, **values: Value) -> None:
    """Send a command with those of ``values`` that it has arguments for."""
    used = link.profile.commands[name].arguments
    link.send(name, **{key: value for key, value in values.items() if key in used})
