"""One entrance for every capture format: what a file is, its content says."""

from pathlib import PurePath

from protocols.captures.errors import CaptureError
from protocols.captures.limits import LIMIT_BYTES
from protocols.waveform import Capture

_SIGNED = {
    ".sr": "PK",
    ".npz": "PK",
    ".bwc": "BWC1",
    ".bin": "AG, RG",
    ".wfm": ":WFM, A5 A5, A1 A5, 01 FF FF FF",
    ".wav": "RIFF",
    ".jpg": "FF D8 FF",
    ".jpeg": "FF D8 FF",
    ".fff": "FFF",
}
"""How the content of files whose names end so begins."""


def read_capture(
    data: bytes, name: str, *, sample_rate_hz: float | None = None, limit_bytes: int = LIMIT_BYTES
) -> Capture:
    """Read a capture file of any known format; the content decides which, ``name`` is for messages and a hint only.

    ``sample_rate_hz`` serves files that hold samples but no time base (some sigrok sessions, bare columns of values).
    ``limit_bytes`` bounds what a packed file (sigrok session, ``.bwc``) unpacks to.
    Raises ``CaptureError``, one sentence with file, place and remedy.
    """
    if sample_rate_hz is not None and not 1e-6 <= sample_rate_hz <= 1e15:
        raise CaptureError(f"{name}: a sample rate of {sample_rate_hz} Hz is none; give the one of the recording")
    if not data:
        raise CaptureError(f"{name}: is empty; record or copy it again")
    # Parsers load when their format is met, so an idle bench stays small.
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from protocols.captures.npz_heat import is_heat, read_npz_heat
        from protocols.captures.sigrok import read_sr

        if is_heat(data):
            return read_npz_heat(data, name)
        return read_sr(data, name, sample_rate_hz=sample_rate_hz, limit_bytes=limit_bytes)
    binary = _read_binary(data, name, limit_bytes)
    if binary is not None:
        return binary
    try:
        return _read_text(data, name, sample_rate_hz)
    except CaptureError as error:
        ending = PurePath(name).suffix.lower()
        if ending not in _SIGNED:
            raise
        raise CaptureError(
            f"{name}: is no {ending} file, its beginning ({_SIGNED[ending]}) is missing; record or copy it again"
        ) from error


def _read_binary(data: bytes, name: str, limit_bytes: int) -> Capture | None:  # noqa: PLR0911 - one for each signature
    """Read a file with a known signature; ``None`` for any other."""
    if data[:4] in (b"AG01", b"AG03", b"AG10", b"RG01", b"RG03"):
        from protocols.captures.agilent_bin import read_agilent_bin

        return read_agilent_bin(data, name)
    if data.startswith(b"BWC1"):
        from protocols.captures.packed import read_packed

        return read_packed(data, name, limit_bytes=limit_bytes)
    if data.startswith(b"\x01\xff\xff\xff"):
        from protocols.captures.rigol_wfm import read_rigol_wfm

        return read_rigol_wfm(data, name)
    if data.startswith((b"\xa5\xa5\0\0", b"\xa1\xa5\0\0")):
        from protocols.captures.rigol_wfm_e import read_rigol_wfm_e

        return read_rigol_wfm_e(data, name)
    if data.startswith(b"\xa5\xa5\xa4\x01"):
        from protocols.captures.rigol_wfm_b import read_rigol_wfm_b

        return read_rigol_wfm_b(data, name)
    if data.startswith(b"\xa5\xa5\x38\0"):
        from protocols.captures.rigol_wfm_2000 import read_rigol_wfm_2000

        return read_rigol_wfm_2000(data, name)
    if data.startswith((b"\xa5\xa5", b"\xa1\xa5")):
        raise CaptureError(f"{name}: is a Rigol .wfm of a family not read; save it as CSV")
    if data.startswith(b"\x02\0\0\0"):
        from protocols.captures.rigol_wfm_dho import read_rigol_wfm_dho

        return read_rigol_wfm_dho(data, name)
    if data[2:6] == b":WFM":
        from protocols.captures.tek_wfm import read_tek_wfm

        return read_tek_wfm(data, name)
    if data[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64"):
        from protocols.captures.wav import read_wav

        return read_wav(data, name)
    if data.startswith(b"\xff\xd8\xff"):
        from protocols.thermal.flir import read_flir_jpeg

        return read_flir_jpeg(data, name)
    if data.startswith((b"FFF\0", b"AFF\0")):
        from protocols.thermal.flir import read_fff

        return read_fff(data, name)
    return None


def _read_text(data: bytes, name: str, sample_rate_hz: float | None) -> Capture:  # noqa: PLR0911 - one for each maker
    from protocols.captures import agilent_csv, delimited, gw_csv, hantek_csv, isf, rigol_csv, sigrok_csv, tek_csv
    from protocols.captures.table import read_table

    if isf.matches(data):
        return isf.read_isf(data, name)
    if tek_csv.is_beside(data):
        return tek_csv.read_tek_csv(data, name)
    table = read_table(data, name)
    if sigrok_csv.matches(table):
        return sigrok_csv.capture_from(table, sample_rate_hz=sample_rate_hz)
    if rigol_csv.matches(table):
        return rigol_csv.capture_from(table)
    if agilent_csv.matches(table):
        return agilent_csv.capture_from(table)
    if tek_csv.matches(table):
        return tek_csv.capture_from(table)
    if gw_csv.matches(table):
        return gw_csv.capture_from(table)
    if hantek_csv.matches(table):
        return hantek_csv.capture_from(table)
    return delimited.capture_from(table, sample_rate_hz=sample_rate_hz)
