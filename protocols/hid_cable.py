"""The USB-HID cables of multimeters: how each packs the bytes of a serial line into reports, and how its line is set.

Pure functions between bytes and reports as Linux hidraw has them: a report that is written begins with its number (0
where the device numbers none); one that is read begins with it only where the device numbers its reports. After Silicon
Labs AN434 (CP2110), the sigrok project's ``serial_hid`` drivers (CH9325, CP2110, BU-86X) and traces of the UT-D09A
cable (CH9329, mbraune/ut161b).
"""

from enum import StrEnum

from protocols.errors import ProtocolError


class HidCableError(ProtocolError):
    """A report that is none of this cable's, or a line that it cannot be set to."""


class Cable(StrEnum):
    """A bridge chip, or a maker's own cable."""

    CP2110 = "cp2110"
    """Silicon Labs: UNI-T UT61E+ and UT8803, both directions."""
    CH9329 = "ch9329"
    """WCH, 64-byte reports: UNI-T UT-D09A, both directions."""
    CH9325 = "ch9325"
    """WCH (and Hoitek HE2325U), 8-byte reports: UNI-T UT-D04; meters that speak by themselves."""
    BU86X = "bu86x"
    """Brymen: reports of 8 bytes without any wrapping."""


CABLES: dict[tuple[int, int], Cable] = {
    (0x10C4, 0xEA80): Cable.CP2110,
    (0x1A86, 0xE429): Cable.CH9329,
    (0x1A86, 0xE008): Cable.CH9325,
    (0x04FA, 0x2490): Cable.CH9325,
    (0x0820, 0x0001): Cable.BU86X,
}
"""USB ids of the cables."""

MAX_REPORT_BYTES = 64
_MOST = {Cable.CP2110: 63, Cable.CH9329: 63, Cable.CH9325: 7, Cable.BU86X: 8}
_PARITIES = {"N": 0, "E": 1, "O": 2, "M": 3, "S": 4}


def unpack(cable: Cable, report: bytes, *, data_bits: int = 8) -> bytes:
    """Return the bytes of the line in a report that was read; raise `HidCableError` for a damaged report.

    A CH9325 gives the parity bit of a line of 7 data bits as the eighth; it is taken off.
    """
    if not report:
        raise HidCableError("an empty USB-HID report; plug the cable in again")
    if cable is Cable.BU86X:
        if len(report) > _MOST[cable]:
            raise HidCableError(f"a report of {len(report)} bytes is none of a Brymen cable; check the cable's type")
        return report
    count = report[0] & 0x0F if cable is Cable.CH9325 else report[0]
    marked = cable is not Cable.CH9325 or report[0] & 0xF0 == 0xF0
    if not marked or count > _MOST[cable] or count > len(report) - 1:
        raise HidCableError(f"no report of a {cable} cable: {report[:16].hex(' ')}; check the cable's type")
    data = report[1 : 1 + count]
    if cable is Cable.CH9325 and data_bits == 7:
        return bytes(byte & 0x7F for byte in data)
    return data


def pack(cable: Cable, data: bytes) -> list[bytes]:
    """Return the reports to write for ``data``; raise `HidCableError` for a cable that only listens."""
    if cable is Cable.CH9325:
        raise HidCableError("this cable (CH9325) only listens; use the meter's own mode that sends by itself")
    most = _MOST[cable]
    pieces = [data[at : at + most] for at in range(0, len(data), most)]
    if cable is Cable.CP2110:
        return [bytes([len(piece)]) + piece for piece in pieces]
    if cable is Cable.CH9329:
        return [(bytes([0, len(piece)]) + piece).ljust(1 + MAX_REPORT_BYTES, b"\0") for piece in pieces]
    return [b"\0" + piece.ljust(most, b"\0") for piece in pieces]


def line_reports(cable: Cable, *, baud: int, data_bits: int, parity: str, stop_bits: float) -> list[bytes]:
    """Return the feature reports that set the cable's line, in order; none where the cable has one fixed line."""
    if not 5 <= data_bits <= 8 or parity not in _PARITIES or not 300 <= baud <= 1_000_000 or stop_bits not in (1, 2):
        raise HidCableError(f"a USB-HID cable cannot do {baud} baud {data_bits}{parity}{stop_bits:g}")
    if cable is Cable.CP2110:
        settings = bytes((_PARITIES[parity], 0, data_bits - 5, int(stop_bits == 2)))
        return [b"\x41\x01", b"\x50" + baud.to_bytes(4, "big") + settings]
    if cable is Cable.CH9325:
        return [b"\0" + baud.to_bytes(4, "little") + bytes([data_bits - 5])]
    return []
