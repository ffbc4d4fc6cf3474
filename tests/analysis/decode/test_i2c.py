"""I²C decoding: exact transfers made bit by bit, and a real sensor."""

import numpy as np
import pytest
from analysis.decode.lines import sampled
from captures import require_capture
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decode import edges as edge_tools
from edge_agent.analysis.decode.i2c import decode, decode_logic
from protocols.captures import read_capture
from protocols.waveform import LogicCapture

T = 1e-6


def bus(transfers):
    """Intervals (SCL, SDA) of transfers [(bytes, acks, ends_with_stop)], each byte with its acknowledge bit."""
    line = [(5 * T, (1, 1))]
    for octets, acks, stop in transfers:
        line += [(T, (1, 1)), (T, (1, 0)), (T, (0, 0))]
        for octet, ack in zip(octets, acks, strict=True):
            for bit in [*((octet >> k) & 1 for k in range(7, -1, -1)), 0 if ack else 1]:
                line += [(T, (0, bit)), (2 * T, (1, bit)), (T, (0, bit))]
        line += [(T, (0, 0)), (T, (1, 0)), (T, (1, 1))] if stop else [(T, (0, 1)), (T, (1, 1))]
    return [*line, (5 * T, (1, 1))]


def decoded(intervals):
    capture = sampled(intervals, 10 / T, ["SCL", "SDA"])
    return decode(edge_tools.from_logic(capture, "SCL"), edge_tools.from_logic(capture, "SDA"))


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.lists(st.tuples(st.integers(0, 255), st.booleans()), min_size=1, max_size=6), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_every_transfer_comes_back(transfers):
    sent = [([o for o, _ in pairs], [a for _, a in pairs], stop) for pairs, stop in transfers]
    sent[-1] = (*sent[-1][:2], True)  # a record that ends in a transfer is the next test's business
    found = decoded(bus(sent))
    assert len(found) == len(sent)
    previous_stopped = True
    for transfer, (octets, acks, stop) in zip(found, sent, strict=True):
        assert transfer.address == octets[0] >> 1
        assert transfer.read == bool(octets[0] & 1)
        assert transfer.data == bytes(octets[1:])
        assert transfer.acknowledged == tuple(acks)
        assert transfer.repeated_start is not previous_stopped
        assert transfer.leftover_bits == 0
        previous_stopped = stop


def test_an_address_that_is_cut_short_is_none():
    intervals = bus([([0x5A << 1], [True], True)])[:12]
    transfer = decoded(intervals)[0]
    assert transfer.address is None
    assert transfer.leftover_bits > 0


@given(st.binary(max_size=2000), st.integers(1, 4))
def test_any_samples_decode_alike_from_the_capture_and_from_edges(raw, repeat):
    words = np.repeat(np.frombuffer(raw, np.uint8), repeat)
    capture = LogicCapture(words.astype(np.uint16) << 6, 1e6, (None,) * 8 + ("SDA", None, None, "SCL"))
    from_capture = decode_logic(capture, scl="SCL", sda="SDA")
    from_edges = decode(edge_tools.from_logic(capture, "SCL"), edge_tools.from_logic(capture, "SDA"))
    assert list(from_capture) == list(from_edges)


def test_a_long_record_is_seamless():
    payload = [([0xA0, *range(1, 250)], [True] * 250, True)] * 5
    capture = sampled(bus(payload), 10 / T, ["SCL", "SDA"])
    assert capture.words.size > 4 * 65_536
    transfers = decode_logic(capture, scl="SCL", sda="SDA")
    assert [transfer.data for transfer in transfers] == [bytes(range(1, 250))] * 5
    assert transfers[-1] == transfers[4]
    assert transfers[1:3] == list(transfers)[1:3]
    with pytest.raises(IndexError):
        transfers[5]


def test_lines_of_different_records_are_refused():
    capture = sampled([(1e-3, (1, 1))], 1e6, ["SCL", "SDA"])
    shorter = LogicCapture(capture.words[:-1], 1e6, capture.channels)
    with pytest.raises(ValueError, match="one record"):
        decode(edge_tools.from_logic(capture, "SCL"), edge_tools.from_logic(shorter, "SDA"))


def test_a_quiet_bus_has_no_transfers():
    assert len(decoded([(1e-3, (1, 1))])) == 0


def test_real_mlx90614_readings():
    path = require_capture("logic/melexis_mlx90614_5s_24deg.sr")
    logic = read_capture(path.read_bytes(), path.name).logic
    transfers = decode(edge_tools.from_logic(logic, "5"), edge_tools.from_logic(logic, "7"))
    words = [t.data for t in transfers if t.repeated_start]
    celsius = [round(int.from_bytes(data[:2], "little") * 0.02 - 273.15, 2) for data in words]
    assert celsius[0] == 24.59
    assert 24.57 in celsius[1:3]
