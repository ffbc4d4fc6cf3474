"""USB-HID cables of meters (E1): reports that public traces and other programs give for the same bytes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.hid_cable import CABLES, MAX_REPORT_BYTES, Cable, HidCableError, line_reports, pack, unpack


def test_a_traced_exchange_with_a_ut161b_over_the_ut_d09a_cable() -> None:
    # mbraune/ut161b, README: request and response as the HID reports carried them.
    (request,) = pack(Cable.CH9329, bytes.fromhex("abcd035e01d9"))
    assert len(request) == 65
    assert request.startswith(bytes.fromhex("00 06 ab cd 03 5e 01 d9 00"))
    response = bytes.fromhex("13 ab cd 10 01 30 20 20 32 34 2e 35 34 00 05 38 34 30 03 97").ljust(64, b"\0")
    frame = unpack(Cable.CH9329, response)
    from protocols.dmm.ut61e_plus import decode

    reading = decode(frame)
    assert (reading.function, round(reading.value, 6)) == ("ac_voltage", 0.02454)


@pytest.mark.parametrize(
    ("cable", "settings", "reports"),
    [
        (Cable.CP2110, (19200, 7, "O", 1), ["41 01", "50 00 00 4b 00 02 00 02 00"]),
        (Cable.CP2110, (2400, 8, "N", 2), ["41 01", "50 00 00 09 60 00 00 03 01"]),
        (Cable.CH9325, (2400, 8, "N", 1), ["00 60 09 00 00 03"]),
        (Cable.CH9329, (9600, 8, "N", 1), []),
        (Cable.BU86X, (9600, 8, "N", 1), []),
    ],
)
def test_the_line_of_each_cable(cable: Cable, settings: tuple[int, int, str, float], reports: list[str]) -> None:
    baud, data_bits, parity, stop_bits = settings
    made = line_reports(cable, baud=baud, data_bits=data_bits, parity=parity, stop_bits=stop_bits)
    assert made == [bytes.fromhex(report) for report in reports]


@pytest.mark.parametrize(
    ("cable", "report", "data_bits", "data"),
    [
        (Cable.CH9325, "f3 b1 b2 b3 00 00 00 00", 7, "31 32 33"),
        (Cable.CH9325, "f3 b1 b2 b3 00 00 00 00", 8, "b1 b2 b3"),
        (Cable.CH9325, "f0 00 00 00 00 00 00 00", 7, ""),
        (Cable.CP2110, "03 41 42 43", 8, "41 42 43"),
        (Cable.CH9329, "00" + "00" * 63, 8, ""),
        (Cable.BU86X, "86 86 86 86 11 22 33 44", 8, "86 86 86 86 11 22 33 44"),
    ],
)
def test_reports_that_are_read(cable: Cable, report: str, data_bits: int, data: str) -> None:
    assert unpack(cable, bytes.fromhex(report), data_bits=data_bits) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("cable", "report"),
    [(Cable.CH9325, "f3 b1"), (Cable.CH9325, "03 b1 b2 b3"), (Cable.CH9329, "40" + "00" * 63), (Cable.CP2110, "0a 01"),
     (Cable.BU86X, "00" * 9), (Cable.CP2110, "")],
)  # fmt: skip
def test_reports_that_are_none(cable: Cable, report: str) -> None:
    with pytest.raises(HidCableError):
        unpack(cable, bytes.fromhex(report))


def test_what_a_cable_cannot_do() -> None:
    with pytest.raises(HidCableError, match="only listens"):
        pack(Cable.CH9325, b"a")
    with pytest.raises(HidCableError, match="cannot do"):
        line_reports(Cable.CP2110, baud=9600, data_bits=9, parity="N", stop_bits=1)


@given(st.sampled_from([Cable.CP2110, Cable.CH9329]), st.binary(max_size=300))
def test_what_is_packed_can_be_unpacked(cable: Cable, data: bytes) -> None:
    reports = pack(cable, data)
    assert all(len(report) <= 1 + MAX_REPORT_BYTES for report in reports)
    skip = 1 if cable is Cable.CH9329 else 0
    assert b"".join(unpack(cable, report[skip:]) for report in reports) == data


@given(st.sampled_from(Cable), st.binary(max_size=70), st.sampled_from([7, 8]))
def test_any_report_is_data_or_an_error(cable: Cable, report: bytes, data_bits: int) -> None:
    with contextlib.suppress(HidCableError):
        assert len(unpack(cable, report, data_bits=data_bits)) <= len(report)


def test_every_cable_has_an_id() -> None:
    assert set(CABLES.values()) == set(Cable)
