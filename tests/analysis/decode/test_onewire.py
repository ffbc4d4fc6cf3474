"""1-Wire decoding: exact transfers made slot by slot, planted errors, an independent decoder."""

import shutil
import subprocess

import numpy as np
import pytest
from analysis.decode.lines import sampled
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decode import edges as edge_tools
from edge_agent.analysis.decode.onewire import OVERDRIVE, STANDARD, crc8, decode
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, LogicCapture

US = 1e-6
DS18B20 = bytes.fromhex("28FF641E0F5E03")


def reset(presence=True, low=500):
    after = [(30 * US, (1,)), (120 * US, (0,)), (400 * US, (1,))] if presence else [(550 * US, (1,))]
    return [(low * US, (0,)), *after]


def slots(bits, one=6, zero=70, slot=75):
    return [
        part
        for bit in bits
        for part in ([(one * US, (0,)), ((slot - one) * US, (1,))] if bit else [(zero * US, (0,)), (5 * US, (1,))])
    ]


def bits_of(data):
    return [(octet >> k) & 1 for octet in data for k in range(8)]


def line_edges(intervals, rate=2e6):
    return edge_tools.from_logic(sampled([(1e-3, (1,)), *intervals, (1e-3, (1,))], rate, ["DQ"]), "DQ")


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=12), st.booleans()), min_size=1, max_size=4),
    st.floats(1.5, 14),
    st.floats(16, 115),
    st.floats(480, 960),
)
def test_every_byte_comes_back(transfers, one, zero, low):
    sent = [(b"\xcc" + data, presence) for data, presence in transfers]
    line = [
        part
        for data, presence in sent
        for part in [*reset(presence, low), *slots(bits_of(data), one, max(zero, 56) if zero > 55 else zero)]
    ]
    if zero < 50:  # a device that ends its 0 early lets the line rise long before the slot is over
        line = [(s if (s, v) != (5 * US, (1,)) else 60 * US, v) for s, v in line]
    found = decode(line_edges(line, 10e6))
    assert [(t.data, t.presence) for t in found] == sent
    assert all(t.reset and t.timing_errors == 0 and t.leftover_bits == 0 and t.address is None for t in found)


def test_an_address_is_taken_from_the_transfer():
    rom = DS18B20 + bytes([crc8(DS18B20)])
    line = [*reset(), *slots(bits_of(b"\x55" + rom + b"\x44")), *reset(), *slots(bits_of(b"\x33" + rom[:7] + b"\0"))]
    matched, misread = decode(line_edges(line))
    assert (matched.address, matched.address_valid, matched.data[9:]) == (rom, True, b"\x44")
    assert not misread.address_valid


def test_a_search_gives_the_address_that_it_arrived_at():
    rom = DS18B20 + bytes([crc8(DS18B20)])
    triplets = [level for bit in bits_of(rom) for level in (bit, 1 - bit, bit)]
    search, broken = decode(
        line_edges([*reset(), *slots(bits_of(b"\xf0") + triplets), *reset(), *slots(bits_of(b"\xf0") + triplets[:30])])
    )
    assert (search.data, search.address, search.address_valid, search.leftover_bits) == (b"\xf0", rom, True, 0)
    assert (broken.address, broken.leftover_bits) == (None, 30)


def test_wrong_lengths_are_counted():
    line = [*reset(), *slots(bits_of(b"\xcc")), (200 * US, (0,)), (50 * US, (1,)), *slots([1], slot=30), *slots([0])]
    (transfer,) = decode(line_edges(line))
    assert transfer.data == b"\xcc"
    assert transfer.timing_errors == 2
    assert transfer.leftover_bits == 2


def test_overdrive():
    slow = [*reset(), *slots(bits_of(b"\xcc\xbe"))]
    fast = [(seconds / 10, level) for seconds, level in slow]
    (transfer,) = decode(line_edges(fast, 20e6), OVERDRIVE)
    assert (transfer.presence, transfer.data) == (True, b"\xcc\xbe")


def test_the_checksum_is_that_of_the_application_note():
    assert crc8(bytes.fromhex("02 1C B8 01 00 00 00")) == 0xA2


def test_a_record_that_begins_in_a_transfer():
    (first, second) = decode(line_edges([*slots([1, 0, 1]), *reset(), *slots(bits_of(b"\xcc"))]))
    assert (first.reset, first.data, first.leftover_bits) == (False, b"", 3)
    assert (second.reset, second.data) == (True, b"\xcc")


@given(st.binary(max_size=3000), st.sampled_from([1, 30, 300]), st.sampled_from([STANDARD, OVERDRIVE]))
def test_any_samples_decode_without_an_exception(raw, repeat, timing):
    words = np.repeat(np.frombuffer(raw, np.uint8) & 1, repeat)
    for transfer in decode(edge_tools.from_logic(LogicCapture(words, 1e6, ("DQ",)), "DQ"), timing):
        assert words[transfer.start] == 0


def test_too_slow_a_record_is_refused():
    with pytest.raises(ValueError, match="too slow"):
        decode(line_edges([], 100e3))


@pytest.mark.skipif(shutil.which("sigrok-cli") is None, reason="sigrok-cli is not installed")
def test_an_independent_decoder_reads_the_same(tmp_path):
    rom = DS18B20 + bytes([crc8(DS18B20)])
    data = np.random.default_rng(5).bytes(9)
    capture = sampled(
        [(1e-3, (1,)), *reset(), *slots(bits_of(b"\x55" + rom + b"\xbe" + data)), (1e-3, (1,))], 1e6, ["DQ"]
    )
    file = tmp_path / "onewire.sr"
    file.write_bytes(write_sr(Capture(logic=capture)))
    command = ["sigrok-cli", "-i", str(file), "-P", "onewire_link:owr=DQ,onewire_network", "-A", "onewire_network"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    theirs = bytes(int(line.split("0x")[1], 16) for line in printed.splitlines() if "Data:" in line)
    (transfer,) = decode(edge_tools.from_logic(capture, "DQ"))
    assert theirs == transfer.data[9:] == b"\xbe" + data
    assert f"0x{int.from_bytes(transfer.address, 'little'):x}" in printed
