"""IEEE 488.2 framing: lines, blocks, program messages, identification."""

import tracemalloc

import pytest
from byte_streams import mutated, splits
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ieee488 import (
    BlockReader,
    Identity,
    Ieee488Error,
    LineReader,
    ProgramMessageReader,
    format_block,
    parse_identity,
)


def read_lines(chunks, **options):
    reader = LineReader(**options)
    lines = []
    for chunk in chunks:
        reader.feed(chunk)
        while (line := reader.pop()) is not None:
            lines.append(line)
    return lines, reader.take_rest()


@given(st.data())
def test_lines_do_not_depend_on_how_the_bytes_arrive(data):
    lines = data.draw(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"").rstrip(b"\r")), max_size=5))
    ends = [data.draw(st.sampled_from([b"\n", b"\r\n"])) for _ in lines]
    stream = b"".join(line + end for line, end in zip(lines, ends, strict=True)) + b"rest"
    assert read_lines(data.draw(splits(stream))) == (lines, b"rest")


def test_a_line_without_end_is_refused_and_forgotten():
    reader = LineReader(max_bytes=100)
    with pytest.raises(Ieee488Error, match=r"more than 100 bytes without a line feed.*baud rate"):
        for _ in range(200):
            reader.feed(b"\xff")
    assert len(reader) < 100


def test_many_short_lines_at_once_are_no_overlong_line():
    assert len(read_lines([b"1.5\n" * 100], max_bytes=100)[0]) == 100


@pytest.mark.parametrize("payload", [b"", b"a", b"\n", b"#12\n\n", bytes(range(256)) * 5])
def test_block_round_trip(payload):
    reader = BlockReader()
    wire = format_block(payload) + b"\n"
    assert reader.feed(wire + b"next") == len(wire)
    assert reader.complete
    assert bytes(reader.payload()) == payload


@given(st.data())
def test_blocks_do_not_depend_on_how_the_bytes_arrive(data):
    payload = data.draw(st.binary(max_size=300))
    reader = BlockReader(max_prefix_bytes=16)
    wire = b"C1:WF DAT2," + format_block(payload) + b"\n"
    for chunk in data.draw(splits(wire)):
        assert reader.feed(chunk) == len(chunk)
    assert reader.complete
    assert bytes(reader.payload()) == payload
    assert reader.prefix == b"C1:WF DAT2,"


@given(st.data())
def test_a_transport_that_receives_into_the_target_never_reads_beyond_the_block(data):
    payload = data.draw(st.binary(max_size=300))
    wire = format_block(payload) + b"\n"
    stream = memoryview(wire + b"NEXT MESSAGE\n")
    at = 0
    reader = BlockReader()
    while not reader.complete:
        room = reader.target()
        assert len(room) == reader.bytes_wanted
        count = data.draw(st.integers(1, len(room)))
        room[:count] = stream[at : at + count]
        room.release()
        reader.received(count)
        at += count
    assert at == len(wire)
    assert bytes(reader.payload()) == payload


def test_a_large_block_is_received_in_one_piece_without_a_copy():
    reader = BlockReader()
    reader.feed(b"#810000000")
    room = reader.target()
    assert len(room) == 10_000_001
    room[-1:] = b"\n"
    room.release()
    reader.received(10_000_001)
    tracemalloc.start()
    assert len(reader.payload()) == 10_000_000
    assert tracemalloc.get_traced_memory()[1] < 10_000
    tracemalloc.stop()


def test_an_absurd_length_is_refused_before_anything_is_allocated():
    tracemalloc.start()
    with pytest.raises(Ieee488Error, match="announces 999999999 bytes but at most 1000 are accepted"):
        BlockReader(max_bytes=1000).feed(b"#9999999999")
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"+1.5E0\n", r"expected '#'"),
        (b"#A123", "expected a digit after '#'"),
        (b"#3 12abc", "expected 3 digits"),
        (b"#13abcd", "announced length is wrong or bytes were lost"),
    ],
)
def test_what_is_no_block_is_named(wire, message):
    with pytest.raises(Ieee488Error, match=message):
        BlockReader().feed(wire)


def test_a_prefix_is_bounded():
    with pytest.raises(Ieee488Error, match="expected '#'"):
        BlockReader(max_prefix_bytes=8).feed(b"C1:WF ALL,#9")


@pytest.mark.parametrize("wire", [b"#", b"#2", b"#21", b"#215", b"#215abc"])
def test_a_cut_block_is_an_error_at_the_end(wire):
    reader = BlockReader()
    reader.feed(wire)
    assert reader.bytes_wanted > 0
    with pytest.raises(Ieee488Error, match="cut short"):
        reader.end()
    with pytest.raises(Ieee488Error, match="not complete"):
        reader.payload()


def test_a_definite_block_may_end_by_the_bus_alone():
    reader = BlockReader()
    reader.feed(b"#13abc")
    reader.end()
    assert bytes(reader.payload()) == b"abc"
    reader = BlockReader(terminator=b"")
    reader.feed(b"#13abc")
    assert reader.complete


@given(st.data())
def test_an_indefinite_block_ends_where_the_bus_says(data):
    payload = data.draw(st.binary(max_size=300))
    reader = BlockReader()
    for chunk in data.draw(splits(b"#0" + payload + b"\n")):
        assert reader.feed(chunk) == len(chunk)
        assert not reader.complete
    reader.end()
    assert bytes(reader.payload()) == payload


def test_an_endless_indefinite_block_is_refused_within_its_limit():
    reader = BlockReader(max_bytes=200_000)
    tracemalloc.start()
    with pytest.raises(Ieee488Error, match="indefinite block of more than 200000 bytes"):
        for _ in range(1000):
            reader.feed(b"\n" * 1000 if reader.indefinite else b"#0")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_an_indefinite_block_without_its_line_feed_is_cut():
    reader = BlockReader()
    reader.feed(b"#0abc")
    with pytest.raises(Ieee488Error, match="line feed that closes it"):
        reader.end()


@given(st.data())
def test_a_damaged_block_raises_its_own_error_only(data):
    wire = data.draw(mutated(format_block(b"0123456789" * 3) + b"\n"))
    reader = BlockReader(max_bytes=10_000, max_prefix_bytes=4)
    try:
        for chunk in data.draw(splits(wire)):
            reader.feed(chunk)
        reader.end()
        reader.payload()
    except Ieee488Error as error:
        assert str(error)


def read_messages(chunks, **options):
    reader = ProgramMessageReader(**options)
    messages = []
    for chunk in chunks:
        reader.feed(chunk)
        while (message := reader.pop()) is not None:
            messages.append(message)
    return messages


@given(st.data())
def test_program_messages_keep_line_ends_inside_blocks(data):
    messages = [
        b"*IDN?",
        b"DATA:ARB test," + format_block(data.draw(st.binary(max_size=40))),
        b"DATA:ARB crlf," + format_block(b"\n\r"),
        b'DISP:TEXT "# 1 it\'s"',
        b"STAT #HFF;:DATA #15\n\n\n\n\n;*WAI",
        b"",
        b'DISP "lost quote',
        b"SYST:ERR?",
    ]
    stream = b"".join(message + data.draw(st.sampled_from([b"\n", b"\r\n"])) for message in messages)
    assert read_messages(data.draw(splits(stream))) == messages


def test_an_overlong_program_message_is_refused_and_the_reader_goes_on():
    reader = ProgramMessageReader(max_bytes=1000)
    with pytest.raises(Ieee488Error, match="more than 1000 bytes"):
        reader.feed(b"A" * 1001)
    with pytest.raises(Ieee488Error, match="a block of 99999 bytes"):
        reader.feed(b"DATA #599999")
    reader.feed(b"\n*IDN?\n")
    assert [reader.pop(), reader.pop(), reader.pop()] == [b"", b"*IDN?", None]


@given(st.binary(max_size=200), st.data())
def test_any_bytes_are_read_as_messages_or_refused(data, draw):
    reader = ProgramMessageReader(max_bytes=100)
    for chunk in draw.draw(splits(data)):
        try:
            reader.feed(chunk)
        except Ieee488Error as error:
            assert str(error)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        (
            "Keysight Technologies,34461A,MY57200001,A.02.17-02.40-02.17-00.52-04-02\n",
            Identity("Keysight Technologies", "34461A", "MY57200001", "A.02.17-02.40-02.17-00.52-04-02"),
        ),
        (
            "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA170603581,00.04.04.SP3",
            Identity("RIGOL TECHNOLOGIES", "DS1104Z", "DS1ZA170603581", "00.04.04.SP3"),
        ),
        ("QCoDeS, m0d3l, 1337, 0.0.01", Identity("QCoDeS", "m0d3l", "1337", "0.0.01")),
        ("OWON,XDM1041,2148240", Identity("OWON", "XDM1041", "2148240")),
        ('"A,B,C,D,E"', Identity("A", "B", "C", "D,E")),
        ("Siglent Technologies,SDG1032X,,1.01", Identity("Siglent Technologies", "SDG1032X", "", "1.01")),
    ],
)
def test_identities(text, identity):
    assert parse_identity(text) == identity


@pytest.mark.parametrize("text", ["", "\n", "RIGOL", ",,,", "\x00\xff,\x01", "a," + "b" * 2000])
def test_what_is_no_identity_is_refused(text):
    with pytest.raises(Ieee488Error):
        parse_identity(text)


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_any_text_is_an_identity_or_refused(text):
    try:
        assert parse_identity(text).model
    except Ieee488Error as error:
        assert str(error)
