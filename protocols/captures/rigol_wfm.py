"""Rigol DS1000Z and MSO1000Z waveform files (``.wfm``): exact in time steps, doubtful in volts.

**The scope's own CSV export is the reference; take it wherever there is a choice.** Rigol publishes no layout. The one
here follows what several projects worked out, and where they disagree, what real files show that come with a CSV or a
picture of the same acquisition (four files, three instruments, firmware 00.04.04.SP1 … SP4):

- The samples are the converter's raw codes, before the scope's calibration. The scope shows
  ``volts_per_division / 25 · (gain · code - 127) - shift``; zero lies at 127 within 0.6 codes in every file.
- ``gain`` is **not in the file**. It depends on the channel's setting and lies between 1.06 and 1.55. For settings that
  were seen it is in ``_GAINS``, and holds within 1 % between instruments and channels: levels then agree with the CSV
  within 0.1 division. For other settings the middle is taken, and levels can be wrong by more than a division.
  ``Waveform.resolution`` is that doubt, not the converter's step, and the capture's metadata say so in words.
- Channels lie byte by byte in turn, the highest number first; three channels take the room of four.
- 512 bytes more than the memory depth are stored, before and after the record, and some of them are left over from
  other acquisitions. Where among them the record begins is not known: the middle is taken, the rest is dropped, and
  time zero is uncertain by half of the extra samples.

Inverted channels and switched-on logic channels are refused: no file shows how they are stored.
"""

from dataclasses import dataclass

from protocols.captures.binary import BinaryReader
from protocols.waveform import Capture, Waveform

MAGICS = (b"\x01\xff\xff\xff\xa5\xa5\x38\x00", b"\x01\xff\xff\xff\xa6\xa5\x38\x00")
MAX_SAMPLES = 64_000_000
"""The largest memory of the family is 24 million samples."""

_HEADER = 64
_CHANNELS = 124
_CHANNEL_BYTES = 28
_HORIZONTAL = 256
_EXTRA_BYTES = 512
_ZERO_CODE = 127
_CODES_PER_DIVISION = 25
_GAINS = {0.1: 1.09, 0.2: 1.21, 0.5: 1.49, 0.8: 1.20, 0.9: 1.06, 0.99: 1.55, 1.0: 1.54}
"""Digital gain by volts a division at the socket (that is, divided by the probe's ratio)."""
_UNKNOWN_GAIN = 1.27
_DOUBT_DIVISIONS, _UNKNOWN_DOUBT_DIVISIONS = 0.1, 1.3
_PROBES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_UNITS = ("W", "A", "V", "1")


def read_rigol_wfm(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read a DS1000Z or MSO1000Z ``.wfm`` file; raise ``CaptureError``. See the module about accuracy."""
    reader = BinaryReader(data, name)
    if not data.startswith(MAGICS):
        raise reader.fail(0, "not a DS1000Z waveform file; save the waveform as CSV on the scope")
    mask = reader.u8(_HEADER + 24, "the channel mask") & 0x0F
    active = [channel for channel in range(4) if mask >> channel & 1]
    if not active:
        raise reader.fail(_HEADER + 24, "no analogue channel was on; save the waveform as CSV on the scope")
    stride = 4 if len(active) == 3 else len(active)
    stored = reader.u32(_HEADER + 52, "the memory depth")
    start = reader.u32(_HORIZONTAL, "the settings' size") + reader.u32(_HORIZONTAL + 4, "the settings' offset")
    if stored > MAX_SAMPLES or stored <= _EXTRA_BYTES or stored % stride:
        raise reader.fail(
            _HEADER + 52, f"{stored} bytes of {len(active)} channels are no DS1000Z record; it is damaged"
        )
    if start + stored != len(data):
        raise reader.fail(
            start,
            f"{len(data) - start} bytes of samples where the header says {stored}; a cut file or logic channels, "
            "save the waveform as CSV on the scope",
        )
    rate_hz = reader.f32(_HEADER + 56, "the sample rate") * 1e9
    if not 0.001 <= rate_hz <= 1e11:
        raise reader.fail(_HEADER + 56, f"a sample rate of {rate_hz:g} Hz is none of a DS1000Z; the file is damaged")
    lanes = reader.array(start, "u1", stored, "the samples").reshape(-1, stride)
    lead = _EXTRA_BYTES // stride // 2
    lanes = lanes[lead : lanes.shape[0] - lead]
    centre_s = reader.i64(_HEADER + 8, "the time offset") * 1e-12
    start_s = centre_s - lanes.shape[0] / 2 / rate_hz
    metadata = {
        "format": "Rigol DS1000Z wfm",
        "model": reader.text(8, 20, "the model"),
        "firmware": reader.text(28, 20, "the firmware version"),
        "note": "levels are not calibrated in this format, and time zero is uncertain by "
        f"{lead} samples: the CSV of the scope is the reference",
    }
    waves: list[Waveform] = []
    for channel in active:
        # With three channels on, the fourth's place is there and empty.
        place = 3 - channel if stride == 4 else len(active) - 1 - active.index(channel)
        vertical = _Vertical.read(reader, channel)
        label = f"CH{channel + 1}"
        metadata[f"{label} levels"] = f"within {vertical.doubt:.3g} {vertical.unit}, gain {vertical.origin}"
        waves.append(
            Waveform(
                name=label,
                codes=lanes[:, place],
                sample_interval_s=1.0 / rate_hz,
                unit=vertical.unit,
                scale=vertical.scale,
                offset=vertical.offset,
                start_s=start_s,
                resolution=vertical.doubt,
            )
        )
    return Capture(analog=tuple(waves), metadata=metadata)


@dataclass(frozen=True, slots=True)
class _Vertical:
    """What turns the codes of one channel into ``unit``, and how far that can be wrong."""

    scale: float
    offset: float
    unit: str
    doubt: float
    origin: str

    @classmethod
    def read(cls, reader: BinaryReader, channel: int) -> "_Vertical":
        at = _CHANNELS + _CHANNEL_BYTES * channel
        probe = reader.u8(at + 4, "the probe ratio")
        if probe >= len(_PROBES):
            raise reader.fail(at + 4, f"probe ratio number {probe} does not exist; the file is damaged")
        per_division = reader.f32(at + 8, "the volts a division")
        shift = reader.f32(at + 12, "the vertical shift")
        if not 1e-6 <= per_division <= 1e6 or abs(shift) > 1e9:
            raise reader.fail(at + 8, f"{per_division:g} V a division shifted {shift:g} V is no setting; it is damaged")
        if reader.u8(at + 16, "the inversion"):
            raise reader.fail(at + 16, f"CH{channel + 1} is inverted, which is not known well enough; save it as CSV")
        gain = _gain(per_division / _PROBES[probe])
        step = per_division / _CODES_PER_DIVISION
        return cls(
            scale=step * (gain or _UNKNOWN_GAIN),
            offset=-step * _ZERO_CODE - shift,
            unit=_UNITS[min(reader.u8(at + 17, "the unit"), 3)],
            doubt=per_division * (_UNKNOWN_DOUBT_DIVISIONS if gain is None else _DOUBT_DIVISIONS),
            origin="unknown at this setting" if gain is None else "measured on other instruments",
        )


def _gain(volts_a_division: float) -> float | None:
    """Return the digital gain at a setting (at the socket), ``None`` where it was never measured."""
    for setting, gain in _GAINS.items():
        if abs(volts_a_division - setting) < 0.001 * setting:
            return gain
    return None
