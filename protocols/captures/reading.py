"""One entrance for every capture format: what a file is, its content says."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath

from protocols.captures.errors import CaptureError, NoTable
from protocols.captures.limits import LIMIT_BYTES
from protocols.waveform import Capture


@dataclass(frozen=True, slots=True)
class _Given:
    """What the caller says of a file."""

    sample_rate_hz: float | None
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class _Binary:
    """A format that its first bytes tell."""

    signatures: tuple[bytes, ...]
    endings: tuple[str, ...]
    """How names of such files end; none for those that are refused."""
    read: Callable[[bytes, str, _Given], Capture]
    at: int = 0
    """The byte that the signatures stand at."""


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
    for binary in _BINARIES:
        if data.startswith(binary.signatures, binary.at):
            return binary.read(data, name, _Given(sample_rate_hz, limit_bytes))
    try:
        return _read_text(data, name, sample_rate_hz)
    except NoTable as error:
        ending = PurePath(name).suffix.lower()
        if not (expected := _beginnings(ending)):
            raise
        raise CaptureError(
            f"{name}: is no {ending} file, its beginning ({expected}) is missing; record or copy it again"
        ) from error


def _beginnings(ending: str) -> str:
    """Return how files whose names end so begin, empty where no signature tells."""
    signatures = [one for binary in _BINARIES if ending in binary.endings for one in binary.signatures]
    return ", ".join(dict.fromkeys(map(_printed, signatures)))


def _printed(signature: bytes) -> str:
    """Return a signature as letters, without the control characters behind them, or in hexadecimal: ``01 FF FF FF``."""
    letters = signature.rstrip(bytes(range(32)))
    return letters.decode() if letters and letters.isascii() else signature.hex(" ").upper()


def _parser(module: str, function: str) -> Callable[[bytes, str, _Given], Capture]:
    """Return a reader that needs the file alone; its module loads with the first, so an idle bench stays small."""

    def read(data: bytes, name: str, _given: _Given) -> Capture:
        capture: Capture = getattr(import_module(f"protocols.{module}"), function)(data, name)
        return capture

    return read


def _zip(data: bytes, name: str, given: _Given) -> Capture:
    from protocols.captures.npz_heat import is_heat, read_npz_heat
    from protocols.captures.sigrok import read_sr

    if is_heat(data):
        return read_npz_heat(data, name)
    return read_sr(data, name, sample_rate_hz=given.sample_rate_hz, limit_bytes=given.limit_bytes)


def _packed(data: bytes, name: str, given: _Given) -> Capture:
    from protocols.captures.packed import read_packed

    return read_packed(data, name, limit_bytes=given.limit_bytes)


def _unknown_rigol(_data: bytes, name: str, _given: _Given) -> Capture:
    raise CaptureError(f"{name}: is a Rigol .wfm of a family not read; save it as CSV")


_WFM = (".wfm",)
_BINARIES = (
    _Binary((b"PK\x03\x04", b"PK\x05\x06"), (".sr", ".npz"), _zip),
    _Binary(
        (b"AG01", b"AG03", b"AG10", b"RG01", b"RG03"), (".bin",), _parser("captures.agilent_bin", "read_agilent_bin")
    ),
    _Binary((b"BWC1",), (".bwc",), _packed),
    _Binary((b"\x01\xff\xff\xff",), _WFM, _parser("captures.rigol_wfm", "read_rigol_wfm")),
    _Binary((b"\xa5\xa5\0\0", b"\xa1\xa5\0\0"), _WFM, _parser("captures.rigol_wfm_e", "read_rigol_wfm_e")),
    _Binary((b"\xa5\xa5\xa4\x01",), _WFM, _parser("captures.rigol_wfm_b", "read_rigol_wfm_b")),
    _Binary((b"\xa5\xa5\x38\0",), _WFM, _parser("captures.rigol_wfm_2000", "read_rigol_wfm_2000")),
    _Binary((b"\xa5\xa5", b"\xa1\xa5"), (), _unknown_rigol),
    _Binary((b"\x02\0\0\0",), _WFM, _parser("captures.rigol_wfm_dho", "read_rigol_wfm_dho")),
    _Binary((b":WFM",), _WFM, _parser("captures.tek_wfm", "read_tek_wfm"), at=2),
    _Binary((b"RIFF", b"RIFX", b"RF64", b"BW64"), (".wav",), _parser("captures.wav", "read_wav")),
    _Binary((b"\xff\xd8\xff",), (".jpg", ".jpeg"), _parser("thermal.flir", "read_flir_jpeg")),
    _Binary((b"FFF\0", b"AFF\0"), (".fff",), _parser("thermal.flir", "read_fff")),
)
"""The first that fits reads the file."""


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
