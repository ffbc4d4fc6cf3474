"""SPI decoding: all four modes, cut words, and a real flash chip being identified."""

import numpy as np
import pytest
from analysis.decode.lines import sampled
from captures import require_capture
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decode import edges as edge_tools
from edge_agent.analysis.decode.spi import decode, decode_logic
from protocols.captures import read_capture
from protocols.waveform import LogicCapture

T = 1e-6


def bus(transfers, mode):
    """Intervals (SCLK, MOSI, MISO, CS) of full-duplex transfers [(mosi bytes, miso bytes)]."""
    idle = 1 if mode in (2, 3) else 0
    active = 1 - idle
    line = [(5 * T, (idle, 0, 0, 1))]
    for mosi, miso in transfers:
        line.append((T, (idle, 0, 0, 0)))
        for out, back in zip(mosi, miso, strict=True):
            for k in range(7, -1, -1):
                o, b = (out >> k) & 1, (back >> k) & 1
                early = (idle, o, b, 0) if mode in (0, 2) else (active, o, b, 0)
                late = (active, o, b, 0) if mode in (0, 2) else (idle, o, b, 0)
                line += [(T, early), (T, late)]
        line += [(T, (idle, 0, 0, 0)), (3 * T, (idle, 0, 0, 1))]
    return line


def decoded(intervals, mode, **lines):
    capture = sampled(intervals, 8 / T, ["SCLK", "MOSI", "MISO", "CS"])
    edges = {name: edge_tools.from_logic(capture, name) for name in ("SCLK", "MOSI", "MISO", "CS")}
    return decode(edges["SCLK"], mosi=edges["MOSI"], miso=edges["MISO"], select=edges["CS"], mode=mode, **lines)


@settings(max_examples=40)
@given(
    st.lists(
        st.binary(min_size=1, max_size=8).flatmap(
            lambda a: st.tuples(st.just(a), st.binary(min_size=len(a), max_size=len(a)))
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 3),
)
def test_every_word_comes_back_in_every_mode(transfers, mode):
    found = decoded(bus(transfers, mode), mode)
    assert [(t.mosi, t.miso) for t in found] == transfers
    assert all(t.leftover_bits == 0 for t in found)


@given(st.binary(max_size=2000), st.integers(0, 3), st.booleans(), st.booleans())
def test_any_samples_decode_alike_from_the_capture_and_from_edges(raw, mode, selected, msb_first):
    capture = LogicCapture(np.frombuffer(raw, np.uint8), 1e6, ("SCLK", "MOSI", "MISO", "CS"))
    edges = {name: edge_tools.from_logic(capture, name) for name in capture.channels}
    select = edges["CS"] if selected else None
    from_edges = decode(edges["SCLK"], miso=edges["MISO"], select=select, mode=mode, msb_first=msb_first)
    from_capture = decode_logic(
        capture, clock="SCLK", miso="MISO", select="CS" if selected else None, mode=mode, msb_first=msb_first
    )
    assert list(from_capture) == list(from_edges)
    assert all(transfer.mosi == b"" for transfer in from_capture)


def test_without_chip_select_the_record_is_one_transfer():
    capture = sampled(bus([(b"\x12", b"\x00"), (b"\x34", b"\x00")], 0), 8 / T, ["SCLK", "MOSI", "MISO", "CS"])
    (transfer,) = decode_logic(capture, clock="SCLK", mosi="MOSI")
    assert transfer.mosi == b"\x12\x34"
    assert (transfer.start, transfer.end) == (0, capture.words.size)


def test_least_significant_bit_first():
    assert decoded(bus([(b"\x01", b"\x80")], 0), 0, msb_first=False)[0].mosi == b"\x80"


def test_bits_of_an_unfinished_word_are_counted():
    intervals = bus([(b"\xa5\x5a", b"\x00\x00")], 0)
    cut = decoded([*intervals[:24], (T, (0, 0, 0, 1))], 0)[0]
    assert cut.mosi == b"\xa5"
    assert cut.leftover_bits == 3


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="modes 0 to 3"):
        decoded(bus([(b"a", b"b")], 0), 4)


def test_real_flash_identification():
    path = require_capture("logic/mx25l1605d_probe.sr")
    logic = read_capture(path.read_bytes(), path.name).logic
    lines = {name: edge_tools.from_logic(logic, name) for name in ("SCLK", "MOSI", "MISO", "CS#")}
    transfers = decode(lines["SCLK"], mosi=lines["MOSI"], miso=lines["MISO"], select=lines["CS#"])
    identified = [t for t in transfers if t.mosi[0] == 0x9F]
    assert len(identified) == 145
    assert {t.miso[1:4] for t in identified} == {bytes.fromhex("C22015")}
